from __future__ import annotations

import pytest

from playground import receiving
from tests.unit.playground.conftest import CHAT, TOKEN, as_json, eventually, large, picture

# A port of this machine on which nobody listens.
NOBODY = "http://127.0.0.1:9/hook"


def test_a_photo_becomes_an_update_whose_file_can_be_fetched(bot, client, person):
    person.sends(picture((1600, 1200)), text="who is this?")
    [update] = bot.updates()
    message = update["message"]
    assert message["caption"] == "who is this?"
    assert message["from"]["id"] == message["chat"]["id"] == CHAT
    largest = message["photo"][-1]
    file = bot.ok("getFile", file_id=largest["file_id"])
    assert file["file_size"] == largest["file_size"]
    data = client.get(f"/file/bot{TOKEN}/{file['file_path']}").data
    assert len(data) == largest["file_size"]


def test_parameters_of_polling_are_read(bot, person):
    for text in "abc":
        person.writes(text)
    first = bot.updates(limit=1)
    assert [update["message"]["text"] for update in first] == ["a"]
    rest = bot.updates(offset=first[0]["update_id"] + 1, timeout=1)
    assert [update["message"]["text"] for update in rest] == ["b", "c"]


def test_only_allowed_kinds_are_kept_until_told_otherwise(bot, person):
    bot.updates(allowed_updates=as_json(["callback_query"]))
    person.writes("lost")
    assert bot.updates(allowed_updates=as_json([])) == []
    person.writes("kept")
    assert [update["message"]["text"] for update in bot.updates()] == ["kept"]


def test_allowed_updates_that_are_no_list_change_nothing(bot, person):
    bot.updates(allowed_updates='"message"')
    person.writes("kept")
    assert len(bot.updates()) == 1


def test_a_webhook_stands_in_the_way_of_polling(bot, person):
    person.writes("a")
    body = bot.call("setWebhook", url=NOBODY, allowed_updates='["message"]')
    assert (body["result"], body["description"]) == (True, "Webhook was set")
    again = bot.call("setWebhook", url=NOBODY)
    assert again["description"] == "Webhook is already set"
    refused = bot.call("getUpdates")
    assert refused["error_code"] == 409
    assert "webhook is active" in refused["description"]
    info = bot.ok("getWebhookInfo")
    assert (info["url"], info["pending_update_count"]) == (NOBODY, 1)
    assert info["allowed_updates"] == ["message"]
    assert info["max_connections"] == 40
    assert bot.call("deleteWebhook")["description"] == "Webhook was deleted"
    assert bot.call("deleteWebhook")["description"] == "Webhook is already deleted"
    assert len(bot.updates()) == 1


def test_what_is_sent_to_nobody_waits_and_the_reason_is_told(bot, person):
    bot.ok("setWebhook", url=NOBODY, max_connections=1)
    person.writes("a")
    info = eventually(lambda: bot.ok("getWebhookInfo"), lambda info: "last_error_date" in info)
    assert info["pending_update_count"] == info["max_connections"] == 1
    assert info["last_error_message"] == "Connection failed"
    assert not person.sees()["bot_online"]
    bot.ok("deleteWebhook")
    assert "last_error_message" not in bot.ok("getWebhookInfo")
    assert [update["message"]["text"] for update in bot.updates()] == ["a"]


def test_deleting_the_webhook_can_drop_what_waits(bot, person):
    person.writes("a")
    bot.ok("deleteWebhook", drop_pending_updates="true")
    assert bot.ok("getWebhookInfo") == {
        "url": "",
        "has_custom_certificate": False,
        "pending_update_count": 0,
    }


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"url": "http://example.org"}, "An HTTPS URL must be provided for webhook"),
        ({"url": "https://example.org"}, "to this machine and its network alone"),
        ({"url": "http://[::1"}, "invalid URL"),
        ({"url": NOBODY, "secret_token": "a b"}, "unallowed characters"),
    ],
)
def test_wrong_webhooks_are_refused(bot, fields, reason):
    assert reason in bot.refused("setWebhook", **fields)
    assert bot.ok("getWebhookInfo")["url"] == ""


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, "file_id not specified"),
        ({"file_id": "nonsense"}, "invalid file_id"),
        (
            {"file_id": "BQACAgEAAxgone"},
            "wrong file_id or the file is temporarily unavailable",
        ),
    ],
)
def test_unknown_files_are_refused(bot, fields, reason):
    assert bot.refused("getFile", **fields) == f"Bad Request: {reason}"


def test_a_file_above_twenty_megabytes_is_not_handed_out(bot, client):
    body = large({"as_file": 1}, "photo", bytes(receiving.MAX_DOWNLOAD_BYTES + 1))
    assert client.post(f"/api/chats/{CHAT}/messages", **body).status_code == 201
    [update] = bot.updates()
    file_id = update["message"]["document"]["file_id"]
    assert bot.refused("getFile", file_id=file_id) == "Bad Request: file is too big"


def test_a_pressed_button_is_an_update_that_is_answered_once(bot, client, person):
    person.writes("a")
    markup = as_json({"inline_keyboard": [[{"text": "Yes", "callback_data": "y"}]]})
    message = bot.ok("sendMessage", chat_id=CHAT, text="b", reply_markup=markup)
    press = {"message_id": message["message_id"], "data": "y"}
    assert client.post(f"/api/chats/{CHAT}/presses", json=press).status_code == 201
    query = bot.updates()[-1]["callback_query"]
    assert (query["data"], query["message"]["message_id"]) == ("y", message["message_id"])
    assert bot.ok("answerCallbackQuery", callback_query_id=query["id"]) is True
    assert "query is too old" in bot.refused("answerCallbackQuery", callback_query_id=query["id"])
