"""Clients of older systems, as they speak: through nginx, to real services."""

from __future__ import annotations

import base64
import io
from urllib.parse import quote_plus

import numpy as np
import pytest
import requests
from PIL import Image

from benchmarks.picture_server import picture_server
from tests.conftest import encoded
from tests.doors import opened
from utils.labels import EMOTIONS

KEY = "a-key-of-the-tests"
EIGHT = {"Anger", "Disgust", "Surprise", "Sadness", "Happiness", "Neutral", "Contempt", "Fear"}
SEVEN = ["Anger", "Disgust", "Fear", "Happy", "Neutral", "Sadness", "Surprise"]
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
stages = pytest.mark.parametrize("stage", ["", "/Prod"])


@pytest.fixture(scope="module")
def photo(astronaut):
    return encoded(astronaut, "PNG")


@pytest.fixture(scope="module")
def face(astronaut):
    """A face of 48 by 48 pixels, cut out already."""
    return encoded(Image.fromarray(astronaut[60:190, 160:290]).resize((48, 48)), "JPEG", quality=60)


@pytest.fixture(scope="module")
def web(astronaut_jpeg):
    with picture_server(astronaut_jpeg) as address:
        yield address


def post(url, data=None, **more):
    return requests.post(url, data=data, timeout=30, **more)


def code(answer):
    (only,) = answer.json()
    assert only == "error"
    assert answer.json()["error"]["request_id"] == answer.headers["X-Request-ID"]
    return answer.status_code, answer.json()["error"]["code"]


@stages
def test_a_canvas_posts_a_blob_and_reads_a_word(doors, astronaut, stage):
    canvas = encoded(Image.fromarray(astronaut).convert("RGBA"), "PNG")
    answer = post(f"{doors}{stage}/", files={"imgData": ("blob", canvas, "image/png")})
    assert (answer.status_code, answer.headers["Content-Type"]) == (
        200,
        "application/json; charset=utf-8",
    )
    assert answer.text.strip() == '"happiness"'
    assert answer.json() in EMOTIONS
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


@stages
def test_the_root_greets(doors, stage):
    answer = requests.get(f"{doors}{stage}/", timeout=30, headers={"Accept": "application/json"})
    assert answer.json() == {"message": "Ok"}


@stages
@pytest.mark.parametrize("prefix", ["", "data:image/png;base64,"])
@pytest.mark.parametrize("escaped", [True, False], ids=["escaped", "a plus as it is"])
def test_a_form_posts_base64_and_reads_per_cent(doors, photo, stage, prefix, escaped):
    text = prefix + base64.b64encode(photo).decode()
    assert "+" in text
    body = "imgBase64=" + (quote_plus(text) if escaped else text)
    answer = post(f"{doors}{stage}/face", body, headers=FORM)
    predictions = answer.json()["predictions"]
    assert set(predictions) == EIGHT
    values = list(predictions.values())
    assert values == sorted(values, reverse=True)
    assert all(isinstance(value, float) and 0 <= value <= 100 for value in values)
    assert sum(values) == pytest.approx(100, abs=0.01)
    assert next(iter(predictions)) == "Happiness"


@stages
def test_a_tiny_face_fits_into_an_address(doors, face, stage):
    query = {"imgBase64": base64.b64encode(face).decode()}
    answer = requests.get(f"{doors}{stage}/face", query, timeout=30)
    assert answer.status_code == 200
    assert answer.json() == post(f"{doors}/face", query).json()


@stages
def test_a_url_is_answered_with_seven_probabilities_in_order(doors, web, stage):
    answer = post(f"{doors}{stage}/predict", json={"url": f"{web}/photo.jpg"})
    assert list(answer.json()) == SEVEN
    assert sum(answer.json().values()) == pytest.approx(1)
    assert max(answer.json(), key=answer.json().get) == "Happy"


@stages
def test_a_file_comes_back_as_a_png_of_the_same_size(doors, astronaut, stage):
    wide = encoded(np.pad(astronaut, ((0, 0), (0, 101), (0, 0))), "JPEG")
    answer = post(f"{doors}{stage}/face-sentiment", files={"file": ("a.jpg", wide, "image/jpeg")})
    assert answer.headers["Content-Type"] == "image/png"
    marked = Image.open(io.BytesIO(answer.content))
    assert (marked.format, marked.size) == ("PNG", (613, 512))
    difference = np.abs(np.asarray(marked.convert("RGB"), int)[:, :512] - astronaut)
    assert difference.max() > 100  # a box is drawn


def test_without_a_face_the_file_comes_back_unmarked(doors, coffee_jpeg):
    answer = post(f"{doors}/face-sentiment", files={"file": coffee_jpeg})
    before, after = (Image.open(io.BytesIO(data)) for data in (coffee_jpeg, answer.content))
    assert np.abs(np.asarray(before, int) - np.asarray(after, int)).max() <= 2


def test_a_small_picture_without_a_face_is_taken_for_one(doors, coffee_jpeg):
    small = Image.open(io.BytesIO(coffee_jpeg)).resize((256, 170))
    assert post(f"{doors}/", files={"imgData": encoded(small, "PNG")}).json() in EMOTIONS
    larger = small.resize((257, 170))
    assert code(post(f"{doors}/", files={"imgData": encoded(larger, "PNG")})) == (422, "no_face")


@stages
@pytest.mark.parametrize("path", ["/", "/face", "/predict", "/face-sentiment"])
def test_a_browser_asks_first_and_may(doors, path, stage):
    asked = {
        "Origin": "https://elsewhere.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    answer = requests.options(f"{doors}{stage}{path}", headers=asked, timeout=30)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    assert "Content-Type" in answer.headers["Access-Control-Allow-Headers"]


def part(name):
    return lambda address, path, data: post(f"{address}{path}", files={name: data})


def field(address, path, data):
    return post(f"{address}{path}", {"imgBase64": base64.b64encode(data).decode()})


UPLOADS = {"/": part("imgData"), "/face": field, "/face-sentiment": part("file")}


@pytest.mark.parametrize("path", UPLOADS)
def test_what_is_no_picture_is_refused(doors, path, photo):
    send = UPLOADS[path]
    assert code(send(doors, path, b"")) == (400, "bad_request")
    assert code(send(doors, path, b"some text, and no picture")) == (422, "not_an_image")
    assert code(send(doors, path, photo[: len(photo) // 2])) == (422, "image_broken")
    assert code(post(f"{doors}{path}", {"another": "field"})) == (400, "bad_request")
    assert code(post(f"{doors}{path}")) == (400, "bad_request")


@pytest.mark.parametrize("path", ["/", "/face"])
def test_a_picture_without_a_face_is_told_so(doors, path, coffee_jpeg):
    assert code(UPLOADS[path](doors, path, coffee_jpeg)) == (422, "no_face")


@pytest.mark.parametrize("text", ["%%%", "a", "data:image/png;base64,%", "", "ä"])
def test_bad_base64_is_refused(doors, text):
    for answer in (
        post(f"{doors}/face", {"imgBase64": text}),
        requests.get(f"{doors}/face", {"imgBase64": text}, timeout=30),
    ):
        assert code(answer) == (400, "bad_request")


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ('{"url": "http://10.0.0.1/a.jpg"}', (422, "url_refused")),
        ('{"url": "file:///etc/passwd"}', (422, "url_refused")),
        ('{"url": ""}', (400, "bad_request")),
        ('{"url": 1}', (400, "bad_request")),
        ('{"address": "http://a.example/"}', (400, "bad_request")),
        ("[]", (400, "bad_request")),
        ("{", (400, "bad_request")),
        ("", (400, "bad_request")),
    ],
)
def test_a_bad_address_is_refused(doors, body, wanted):
    answer = post(f"{doors}/predict", body, headers={"Content-Type": "application/json"})
    assert code(answer) == wanted


def test_what_an_address_leads_to_may_be_wrong_as_well(doors, web):
    assert code(post(f"{doors}/predict", json={"url": f"{web}/gone.jpg"})) == (
        422,
        "url_unreachable",
    )
    assert code(post(f"{doors}/predict", json={"url": f"{web}/page.html"})) == (
        422,
        "not_an_image",
    )


def test_a_method_that_a_route_does_not_take(doors):
    for path in ("/predict", "/face-sentiment"):
        answer = requests.get(f"{doors}{path}", timeout=30)
        assert code(answer) == (405, "method_not_allowed")
        assert "POST" in answer.headers["Allow"]


def test_with_keys_set_every_route_wants_one(tmp_path_factory, photo, web):
    bearer = {"Authorization": f"Bearer {KEY}"}
    with opened(tmp_path_factory.mktemp("k"), SEMBLANCE_API_KEYS=KEY) as address:
        calls = [
            ("/", {"files": {"imgData": photo}}),
            ("/face", {"data": {"imgBase64": base64.b64encode(photo).decode()}}),
            ("/face-sentiment", {"files": {"file": photo}}),
            ("/predict", {"json": {"url": f"{web}/photo.jpg"}}),
        ]
        for path, body in calls:
            refused = post(f"{address}{path}", **body)
            assert code(refused) == (401, "unauthorized")
            assert refused.headers["WWW-Authenticate"].startswith("Bearer")
            assert refused.headers["Access-Control-Allow-Origin"] == "*"
            assert post(f"{address}{path}", headers=bearer, **body).status_code == 200, path
            assert requests.options(f"{address}{path}", timeout=30).status_code == 204
        assert requests.get(f"{address}/face", timeout=30).status_code == 401
        assert requests.get(f"{address}/", timeout=30).json() == {"message": "Ok"}
