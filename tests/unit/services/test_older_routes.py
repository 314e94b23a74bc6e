import base64
import io

import pytest

from services.app_image.source import FileSource
from services.app_url.source import UrlSource
from tests.fakes_services import JPEG, FakeEngine, FakeFetcher, app_of, face

B64 = base64.b64encode(JPEG).decode()
KEY = "a-key-of-the-tests"


def client_of(engine=None, **environ):
    sources = FileSource(None, max_bytes=10**6), UrlSource(FakeFetcher())
    return app_of(*sources, engine=engine, **environ).test_client()


def part(name, data=JPEG):
    return {"data": {name: (io.BytesIO(data), "blob")}, "content_type": "multipart/form-data"}


CALLS = {
    "/": part("imgData"),
    "/face": {"data": {"imgBase64": B64}},
    "/predict": {"json": {"url": "https://example.org/a.jpg"}},
    "/face-sentiment": part("file"),
}


def post(client, route, **changes):
    call = dict(CALLS[route])
    if "content_type" in call:
        name, (data, _) = next(iter(call["data"].items()))
        call["data"] = {name: (io.BytesIO(data.getvalue()), "blob")}
    return client.post(route, **call, **changes)


def test_a_mood_is_a_json_string():
    answer = post(client_of(FakeEngine(faces=(face("contempt"),))), "/")
    assert (answer.status_code, answer.json) == (200, "contempt")
    assert answer.mimetype == "application/json"


def test_a_greeting_is_a_message():
    assert client_of().get("/").json == {"message": "Ok"}


@pytest.mark.parametrize("prefix", ["", "data:image/png;base64,"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_face_in_a_form_field_is_answered_in_per_cent(method, prefix):
    call = {"query_string" if method == "GET" else "data": {"imgBase64": prefix + B64}}
    answer = client_of().open("/face", method=method, **call)
    assert answer.status_code == 200
    assert next(iter(answer.json["predictions"])) == "Happiness"
    assert answer.json["predictions"]["Happiness"] == 90


def test_a_plus_that_became_a_blank_is_one_again():
    engine = FakeEngine()
    text = base64.b64encode(b"\xfb\xef\xbe picture").decode()
    assert "+" in text
    client_of(engine).post("/face", data={"imgBase64": text.replace("+", " ")})
    assert engine.seen == [b"\xfb\xef\xbe picture"]


def test_a_url_is_answered_with_seven_probabilities():
    answer = post(client_of(), "/predict")
    assert list(answer.json)[:2] == ["Anger", "Disgust"]
    assert sum(answer.json.values()) == pytest.approx(1)


def test_a_marked_picture_is_a_png():
    answer = post(client_of(), "/face-sentiment")
    assert (answer.mimetype, answer.data) == ("image/png", b"as png")


def test_only_the_marked_picture_may_have_no_face():
    client = client_of(FakeEngine(faces=()))
    for route in ("/", "/face", "/predict"):
        answer = post(client, route)
        assert (answer.status_code, answer.json["error"]["code"]) == (422, "no_face")
    assert post(client, "/face-sentiment").status_code == 200


def test_they_ask_about_one_face_which_a_small_picture_may_be():
    engine = FakeEngine()
    for route in ("/", "/face", "/predict"):
        post(client_of(engine), route)
    assert {(each.max_faces, each.whole_up_to_px) for each in engine.asked} == {(1, 256)}


@pytest.mark.parametrize("route", CALLS)
def test_what_is_missing_is_400(route):
    answer = client_of().post(route)
    assert (answer.status_code, answer.json["error"]["code"]) == (400, "bad_request")


@pytest.mark.parametrize("route", ["/", "/face-sentiment"])
def test_an_empty_file_is_400_and_no_picture_422(route):
    name = next(iter(CALLS[route]["data"]))
    assert client_of().post(route, **part(name, b"")).status_code == 400
    assert client_of().post(route, **part(name, b"text")).json["error"]["code"] == "not_an_image"


@pytest.mark.parametrize("text", ["", "?", "data:image/png;base64,", "ä"])
def test_bad_base64_is_400(text):
    assert client_of().post("/face", data={"imgBase64": text}).status_code == 400


@pytest.mark.parametrize("route", CALLS)
def test_keys_cover_them_all(route):
    client = client_of(SEMBLANCE_API_KEYS=KEY)
    assert post(client, route).status_code == 401
    assert post(client, route, headers={"Authorization": f"Bearer {KEY}"}).status_code == 200
    assert client.get("/").status_code == 200
