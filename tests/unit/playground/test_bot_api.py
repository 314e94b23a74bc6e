from __future__ import annotations

import pytest

from playground.methods import METHODS
from tests.unit.playground.conftest import CHAT, TOKEN, large, picture


def test_another_token_is_unauthorized(client):
    for path in ("/bot99:x/getMe", "/file/bot99:x/photos/file_1.jpg"):
        response = client.get(path)
        assert response.status_code == 401
        assert response.get_json() == {
            "ok": False,
            "error_code": 401,
            "description": "Unauthorized",
        }


def test_an_unknown_method_is_not_found(bot):
    assert bot.call("sendRocket") == {
        "ok": False,
        "error_code": 404,
        "description": "Not Found: method not found",
    }


def test_methods_are_found_whatever_their_case(bot):
    assert bot.ok("GETME") == bot.ok("getMe") == bot.ok("getme")
    assert all(name == name.lower() for name in METHODS)


def test_parameters_come_in_four_ways(client, person):
    person.writes("a")
    path = f"/bot{TOKEN}/sendMessage"
    fields = {"chat_id": CHAT, "text": "hi"}
    answers = [
        client.get(path, query_string=fields),
        client.post(path, data=fields),
        client.post(path, data=fields, content_type="multipart/form-data"),
        client.post(path, json=fields),
    ]
    assert [answer.get_json()["result"]["text"] for answer in answers] == ["hi"] * 4


def test_a_json_body_may_nest(client, person):
    asked = person.writes("a")
    fields = {"chat_id": CHAT, "text": "hi", "reply_parameters": {"message_id": asked}}
    message = client.post(f"/bot{TOKEN}/sendMessage", json=fields).get_json()["result"]
    assert message["reply_to_message"]["message_id"] == asked


@pytest.mark.parametrize("body", ["{", "[1]"])
def test_a_body_that_is_no_json_object_is_refused(client, body):
    path = f"/bot{TOKEN}/sendMessage"
    response = client.post(path, data=body, content_type="application/json")
    assert (response.status_code, response.get_json()["error_code"]) == (400, 400)


def test_an_unknown_path_of_a_file_is_not_found(client):
    response = client.get(f"/file/bot{TOKEN}/photos/file_99.jpg")
    assert response.status_code == 404
    assert response.get_json() == {"ok": False, "error_code": 404, "description": "Not Found"}


def test_a_body_above_the_limit_is_refused_as_telegram_does(client):
    body = large({}, "document", bytes(51 * 1024 * 1024))
    response = client.post(f"/bot{TOKEN}/sendDocument", **body)
    assert response.status_code == 413
    assert response.get_json() == {
        "ok": False,
        "error_code": 413,
        "description": "Request Entity Too Large",
    }


def test_every_call_is_logged_without_its_content(bot, client, person):
    person.sends(picture(), text="secret")
    bot.ok("sendMessage", chat_id=CHAT, text="secret")
    bot.refused("sendMessage", chat_id=5, text="secret")
    response = client.get("/api/log")
    calls = response.get_json()["calls"]
    assert [(call["method"], call["status"], call["chat_id"]) for call in calls] == [
        ("sendmessage", 200, CHAT),
        ("sendmessage", 400, 5),
    ]
    assert b"secret" not in response.data
    assert client.get(f"/api/log?after={calls[0]['number']}").get_json()["calls"] == calls[1:]
