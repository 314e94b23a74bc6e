from __future__ import annotations

import pytest

from playground.people import MAX_ALBUM
from tests.unit.playground.conftest import CHAT, as_json, picture, upload


def problem(response):
    return response.status_code, response.get_json()["error"]["code"]


def test_a_text_with_a_url_becomes_an_update_with_its_entity(bot, person):
    response = person.post(text="look https://example.org/a.jpg", language="de")
    [update] = bot.updates()
    message = update["message"]
    assert response.get_json() == {
        "message_ids": [message["message_id"]],
        "update_ids": [update["update_id"]],
    }
    assert message["entities"] == [{"type": "url", "offset": 5, "length": 25}]
    assert message["from"]["language_code"] == "de"


def test_a_text_may_be_sent_as_json_with_a_link_behind_words(bot, client):
    link = {"type": "text_link", "offset": 0, "length": 4, "url": "https://example.org/a.jpg"}
    fields = {"text": "this", "entities": [link]}
    assert client.post(f"/api/chats/{CHAT}/messages", json=fields).status_code == 201
    assert bot.updates()[0]["message"]["entities"] == [link]


def test_several_photos_are_an_album(bot, person):
    ids = person.sends(picture(), picture(colour="red"), text="both")
    messages = [update["message"] for update in bot.updates()]
    assert [message["message_id"] for message in messages] == ids
    assert len({message["media_group_id"] for message in messages}) == 1
    assert [message.get("caption") for message in messages] == ["both", None]


def test_a_single_photo_is_no_album(bot, person):
    person.sends(picture())
    assert "media_group_id" not in bot.updates()[0]["message"]


def test_a_caption_has_entities_as_well(bot, person):
    person.sends(picture(), text="from example.org")
    assert bot.updates()[0]["message"]["caption_entities"][0]["type"] == "url"


def test_a_file_keeps_its_bytes(bot, client, person):
    data = picture((100, 50), "PNG")
    person.post(photo=upload(data, "face.png"), as_file=1)
    document = bot.updates()[0]["message"]["document"]
    assert (document["file_name"], document["mime_type"]) == ("face.png", "image/png")
    assert client.get(f"/api/files/{document['file_unique_id']}").data == data


def test_a_damaged_picture_goes_as_a_file_only(bot, person):
    refused = person.post(photo=upload(b"\xff\xd8broken", "b.jpg"))
    assert problem(refused) == (422, "not_a_photo")
    assert bot.updates() == []
    person.post(photo=upload(b"\xff\xd8broken", "b.jpg"), as_file=1)
    assert bot.updates()[0]["message"]["document"]["file_name"] == "b.jpg"


@pytest.mark.parametrize(
    ("fields", "answer"),
    [
        ({}, (400, "empty")),
        ({"text": "  "}, (400, "empty")),
        ({"text": "x" * 4097}, (413, "too_long")),
        ({"text": "a", "entities": "{"}, (400, "bad_entities")),
        ({"photo": upload(b"", "a.jpg")}, (422, "empty_file")),
        ({"photo": [upload(b"x") for _ in range(MAX_ALBUM + 1)]}, (413, "too_many")),
        ({"photo": upload(b"x"), "text": "x" * 1025}, (413, "too_long")),
    ],
)
def test_what_cannot_be_sent_is_explained(person, fields, answer):
    assert problem(person.post(**fields)) == answer


@pytest.mark.parametrize("body", ["{", "[1]"])
def test_a_body_that_is_no_json_object_is_explained(client, body):
    path = f"/api/chats/{CHAT}/messages"
    response = client.post(path, data=body, content_type="application/json")
    assert problem(response) == (400, "bad_request")


@pytest.mark.parametrize("chat_id", [0, 2**52])
def test_a_chat_id_is_one_that_telegram_could_give(client, chat_id):
    response = client.post(f"/api/chats/{chat_id}/messages", data={"text": "a"})
    assert problem(response) == (400, "bad_chat_id")


def test_changes_can_be_read_on(bot, person):
    person.writes("a")
    seen = person.sees()
    assert [view["sender"] for view in seen["messages"]] == ["person"]
    bot.ok("sendMessage", chat_id=CHAT, text="b")
    news = person.sees(seen["revision"])
    assert [view["message"]["text"] for view in news["messages"]] == ["b"]
    assert news["run"] == seen["run"]


def test_a_page_knows_whether_the_bot_is_there(bot, client, person):
    assert person.sees()["bot_online"] is False
    bot.updates()
    assert person.sees()["bot_online"] is True
    assert client.get("/api/bot").get_json()["online"] is True


def test_a_button_that_is_not_there_cannot_be_pressed(bot, client, person):
    press = {"message_id": 1, "data": "x"}
    path = f"/api/chats/{CHAT}/presses"
    assert problem(client.post(path, json=press)) == (404, "no_button")
    person.writes("a")
    assert problem(client.post(path, json=press)) == (404, "no_button")
    markup = as_json({"inline_keyboard": [[{"text": "x", "url": "https://example.org"}]]})
    message = bot.ok("sendMessage", chat_id=CHAT, text="b", reply_markup=markup)
    press["message_id"] = message["message_id"]
    assert problem(client.post(path, json=press)) == (404, "no_button")


def test_a_press_that_the_bot_did_not_ask_for_makes_no_update(bot, client, person):
    person.writes("a")
    bot.updates(allowed_updates='["message"]')
    markup = as_json({"inline_keyboard": [[{"text": "x", "callback_data": "x"}]]})
    message = bot.ok("sendMessage", chat_id=CHAT, text="b", reply_markup=markup)
    press = {"message_id": message["message_id"], "data": "x"}
    response = client.post(f"/api/chats/{CHAT}/presses", json=press)
    assert response.get_json() == {"update_ids": []}


def test_a_file_that_is_no_picture_is_never_shown_in_place(bot, client, person):
    person.post(photo=upload(b"<script>alert(1)</script>", "x.html"), as_file=1)
    document = bot.updates()[0]["message"]["document"]
    response = client.get(f"/api/files/{document['file_unique_id']}")
    assert response.mimetype == "application/octet-stream"
    assert response.headers["Content-Disposition"].startswith("attachment")


def test_a_picture_is_downloaded_under_a_name(bot, client, person):
    person.sends(picture())
    unique_id = bot.updates()[0]["message"]["photo"][-1]["file_unique_id"]
    response = client.get(f"/api/files/{unique_id}?name=face.jpg")
    assert response.headers["Content-Disposition"] == "attachment; filename=face.jpg"


def test_a_file_that_is_not_kept_is_gone(client):
    assert problem(client.get("/api/files/nothing")) == (404, "file_gone")


def test_more_than_the_playground_holds_is_refused(bot, person, playground, monkeypatch):
    monkeypatch.setattr("playground.updates.MAX_PENDING", 1)
    person.writes("a")
    assert problem(person.post(text="b")) == (503, "bot_away")
    assert len(person.sees()["messages"]) == 1
