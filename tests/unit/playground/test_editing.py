from __future__ import annotations

import pytest

from tests.unit.playground.conftest import CHAT, as_json, picture, upload

NOT_MODIFIED = (
    "Bad Request: message is not modified: specified new message content and reply markup are "
    "exactly the same as a current content and reply markup of the message"
)


@pytest.fixture
def asked(person):
    return person.sends(picture())[0]


@pytest.fixture
def status(bot, asked):
    """The bot's status message, and how to speak about it."""
    message = bot.ok("sendMessage", chat_id=CHAT, text="wait", reply_to_message_id=asked)
    return {"chat_id": CHAT, "message_id": message["message_id"]}


def photo(data=None, **more):
    media = {"type": "photo", "media": "attach://picture"} | more
    return {"media": as_json(media), "picture": upload(data or picture())}


def test_a_text_is_replaced_where_it_stands(bot, person, status):
    before = person.sees()["revision"]
    message = bot.ok("editMessageText", text="soon", **status)
    assert (message["text"], message["message_id"]) == ("soon", status["message_id"])
    assert message["edit_date"] >= message["date"]
    assert "reply_to_message" in message
    [view] = person.sees(before)["messages"]
    assert (view["message_id"], view["edits"]) == (status["message_id"], 1)


def test_the_same_text_again_is_not_modified(bot, status):
    assert bot.refused("editMessageText", text="wait", **status) == NOT_MODIFIED


def test_a_status_message_becomes_the_annotated_photo(bot, person, status):
    message = bot.ok("editMessageMedia", **photo(caption="one face"), **status)
    assert "text" not in message
    assert (message["caption"], message["photo"][-1]["width"]) == ("one face", 640)
    assert person.last()["message"] == message


def test_the_same_photo_again_is_not_modified(bot, status):
    bot.ok("editMessageMedia", **photo(caption="one face"), **status)
    assert bot.refused("editMessageMedia", **photo(caption="one face"), **status) == NOT_MODIFIED
    assert bot.ok("editMessageMedia", **photo(caption="two faces"), **status)
    other = picture(colour="red")
    assert bot.ok("editMessageMedia", **photo(other, caption="two faces"), **status)


def test_a_status_message_becomes_a_document(bot, status):
    data = picture((3000, 100), "PNG")
    media = as_json({"type": "document", "media": "attach://picture"})
    message = bot.ok("editMessageMedia", media=media, picture=upload(data, "a.png"), **status)
    assert message["document"]["file_size"] == len(data)


@pytest.mark.parametrize(
    ("media", "reason"),
    [
        ("", 'parameter "media" is required'),
        ("{", "can't parse input media JSON object"),
        ("[]", "can't parse InputMedia: expected an Object"),
        ('{"type": "video", "media": "x"}', 'can\'t parse InputMedia: type "video" is unsupported'),
        ('{"type": "photo"}', "can't parse InputMedia: media not found"),
        ('{"type": "photo", "media": "attach://x"}', "there is no photo in the request"),
    ],
)
def test_media_that_telegram_refuses_are_refused(bot, status, media, reason):
    assert bot.refused("editMessageMedia", media=media, **status) == f"Bad Request: {reason}"


def test_a_refused_photo_leaves_the_message_as_it_was(bot, person, status):
    refused = bot.refused("editMessageMedia", **photo(picture((3000, 100))), **status)
    assert refused == "Bad Request: PHOTO_INVALID_DIMENSIONS"
    assert person.last()["message"]["text"] == "wait"


def test_a_photo_has_no_text_and_a_text_has_no_caption(bot, status):
    refused = bot.refused("editMessageCaption", caption="a", **status)
    assert refused == "Bad Request: there is no caption in the message to edit"
    bot.ok("editMessageMedia", **photo(), **status)
    refused = bot.refused("editMessageText", text="a", **status)
    assert refused == "Bad Request: there is no text in the message to edit"


def test_a_caption_is_replaced_under_the_same_photo(bot, status):
    before = bot.ok("editMessageMedia", **photo(caption="a"), **status)
    after = bot.ok("editMessageCaption", caption="b", **status)
    assert (after["caption"], after["photo"]) == ("b", before["photo"])


def test_buttons_come_and_go(bot, status):
    markup = as_json({"inline_keyboard": [[{"text": "x", "callback_data": "x"}]]})
    message = bot.ok("editMessageReplyMarkup", reply_markup=markup, **status)
    assert (message["text"], "reply_markup" in message) == ("wait", True)
    assert "reply_markup" not in bot.ok("editMessageText", text="wait", **status)


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize("method", ["editMessageText", "editMessageMedia", "deleteMessage"])
def test_a_message_that_does_not_exist_is_not_found(bot, method):
    fields = {"text": "a", **photo()} if method != "deleteMessage" else {}
    verb = "delete" if method == "deleteMessage" else "edit"
    refused = bot.refused(method, chat_id=CHAT, message_id=999, **fields)
    assert refused == f"Bad Request: message to {verb} not found"


def test_a_message_of_another_chat_is_not_found(bot, person, status):
    person.client.post("/api/chats/5/messages", data={"text": "a"})
    refused = bot.refused("editMessageText", text="a", **(status | {"chat_id": 5}))
    assert refused == "Bad Request: message to edit not found"


def test_an_edit_needs_a_message(bot, status):
    refused = bot.refused("editMessageText", text="a", chat_id=CHAT)
    assert refused == "Bad Request: message identifier is not specified"
    refused = bot.refused("editMessageText", text="a", message_id=status["message_id"])
    assert refused == "Bad Request: chat_id is empty"


def test_a_persons_message_cannot_be_edited_but_deleted(bot, person, asked):
    for method, fields in (("editMessageText", {"text": "a"}), ("editMessageMedia", photo())):
        refused = bot.refused(method, chat_id=CHAT, message_id=asked, **fields)
        assert refused == "Bad Request: message can't be edited"
    assert bot.ok("deleteMessage", chat_id=CHAT, message_id=asked) is True
    assert person.last()["deleted"] is True


def test_a_deleted_message_is_gone(bot, status):
    assert bot.ok("deleteMessage", **status) is True
    assert bot.refused("deleteMessage", **status) == "Bad Request: message to delete not found"
    refused = bot.refused("editMessageText", text="a", **status)
    assert refused == "Bad Request: message to edit not found"
    refused = bot.refused("deleteMessage", message_id=1)
    assert refused == "Bad Request: chat identifier is not specified"
