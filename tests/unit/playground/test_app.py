from __future__ import annotations

import io

from playground.app import InMemoryRequest, create_app
from tests.unit.playground.conftest import CHAT, TOKEN, large, picture


def test_an_upload_never_touches_a_disk(client, monkeypatch):
    def refuse(*_args, **_kwargs):
        raise AssertionError("a temporary file was opened")

    monkeypatch.setattr("werkzeug.formparser.SpooledTemporaryFile", refuse)
    data = picture() + bytes(2_000_000)
    path = f"/api/chats/{CHAT}/messages"
    assert client.post(path, **large({"as_file": 1}, "photo", data)).status_code == 201
    body = large({"chat_id": CHAT}, "photo", data)
    assert client.post(f"/bot{TOKEN}/sendPhoto", **body).get_json()["ok"]


def test_uploads_are_read_into_memory():
    request = InMemoryRequest({"REQUEST_METHOD": "POST"})
    assert isinstance(request._get_file_stream(10**7, "image/jpeg"), io.BytesIO)


def test_the_server_says_when_it_is_ready(client):
    assert client.get("/healthz").get_json() == {"status": "ok"}


def test_unknown_paths_are_answered_in_the_shape_of_their_side(client):
    assert client.get("/nothing").get_json()["error"]["message"] == "Not Found"
    assert client.get(f"/bot{TOKEN}/").get_json() == {
        "ok": False,
        "error_code": 404,
        "description": "Not Found",
    }


def test_our_own_mistakes_are_plain_errors_without_a_trace(playground):
    app = create_app(TOKEN, playground=playground)
    playground.profile = None
    response = app.test_client().get(f"/bot{TOKEN}/getMe")
    assert response.status_code == 500
    assert response.get_json() == {
        "ok": False,
        "error_code": 500,
        "description": "Internal Server Error",
    }


def test_an_application_makes_its_own_state_where_none_is_given():
    assert create_app(TOKEN).test_client().get("/api/bot").status_code == 200
