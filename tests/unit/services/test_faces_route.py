import base64

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.app_image.source import FileSource
from tests.fakes_services import JPEG, FakeEngine, app_of, face
from utils.errors import Busy

B64 = base64.b64encode(JPEG).decode()
BAD = base64.b64encode(b"text").decode()


def client_of(engine=None):
    return app_of(FileSource(None, max_bytes=10**6), engine=engine).test_client()


def raw(client, data=JPEG, **headers):
    return client.post("/v1/faces", data=data, content_type="image/jpeg", headers=headers)


def test_one_picture_is_answered_with_its_faces():
    answer = raw(client_of())
    assert answer.json["size_wh"] == [640, 480]
    (found,) = answer.json["faces"]
    assert found["box_xyxy"] == [10, 20, 30, 50]
    assert found["emotion"]["label"] == "happiness"
    assert found["gender"]["label"] == "woman"
    assert answer.headers["Cache-Control"] == "no-store"


def test_without_gender_the_key_is_absent():
    answer = raw(client_of(FakeEngine(faces=(face(gender=None),))))
    assert "gender" not in answer.json["faces"][0]


def test_no_face_is_200_and_an_empty_list():
    answer = raw(client_of(FakeEngine(faces=())))
    assert (answer.status_code, answer.json["faces"]) == (200, [])


def test_of_several_pictures_a_bad_one_fails_alone_and_in_its_place():
    answer = client_of().post("/v1/faces", json={"images": [B64, BAD, "?", B64]})
    assert answer.status_code == 200
    shapes = [sorted(result) for result in answer.json["results"]]
    assert shapes[0] == shapes[3] == ["faces", "model", "ms", "size_wh"]
    assert shapes[1] == shapes[2] == ["error"]
    codes = [answer.json["results"][place]["error"]["code"] for place in (1, 2)]
    assert codes == ["not_an_image", "bad_request"]


def test_a_service_that_is_full_is_everybodys_failure():
    engine = FakeEngine(errors={JPEG: Busy("full")})
    answer = client_of(engine).post("/v1/faces", json={"images": [B64]})
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("image/jpeg", "image/jpeg"),
        ("image/png", "image/png"),
        ("image/*", "image/jpeg"),
        ("image/png;q=0.9, image/jpeg;q=0.1", "image/png"),
        ("application/json", "application/json"),
        ("*/*", "application/json"),
        ("text/html", "application/json"),
        ("text/html, image/png;q=0.5", "image/png"),
        ("", "application/json"),
    ],
)
def test_the_accept_header_chooses_between_faces_and_the_picture(accept, kind):
    answer = raw(client_of(), Accept=accept)
    assert answer.mimetype == kind
    assert answer.status_code == 200


def test_the_annotated_picture_is_the_engines():
    assert raw(client_of(), Accept="image/png").data == b"as png"


def test_several_annotated_pictures_are_refused():
    answer = client_of().post("/v1/faces", json={"images": [B64]}, headers={"Accept": "image/png"})
    assert answer.status_code == 400


@pytest.mark.parametrize("accept", ["application/json", "image/png"])
def test_a_picture_that_cannot_be_read_is_422(accept):
    answer = raw(client_of(), data=b"text", Accept=accept)
    assert (answer.status_code, answer.json["error"]["code"]) == (422, "not_an_image")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.just("images"), inner),
    max_leaves=10,
)
KINDS = st.sampled_from(
    ["application/json", "image/jpeg", "multipart/form-data; boundary=x", "text/plain", "", "x"]
)


@given(JSON, st.binary(max_size=100), KINDS, st.text(max_size=30))
@hypothesis.settings(deadline=None)
def test_whatever_a_client_sends_is_never_our_fault(shape, body, kind, accept):
    client = client_of()
    headers = {"Accept": accept.encode("ascii", "ignore").decode().translate({10: "", 13: ""})}
    answers = [
        client.post("/v1/faces", json=shape, headers=headers),
        client.post("/v1/faces", json={"images": shape, "image": shape}),
        client.post("/v1/faces", data=body, content_type=kind, headers=headers),
        client.post("/v1/faces", data=b"--x\r\n" + body, content_type=kind),
    ]
    for answer in answers:
        assert answer.status_code < 500
        if answer.status_code >= 400:
            assert set(answer.json["error"]) == {"code", "message", "request_id"}
