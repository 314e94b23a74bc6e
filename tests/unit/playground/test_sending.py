from __future__ import annotations

import pytest

from tests.unit.playground.conftest import CHAT, as_json, picture, upload


@pytest.fixture
def asked(person):
    return person.writes("hello")


def test_a_message_arrives_in_the_chat(bot, person, asked):
    message = bot.ok("sendMessage", chat_id=CHAT, text=" hi https://example.org ")
    assert message["text"] == "hi https://example.org"
    assert message["entities"] == [{"type": "url", "offset": 3, "length": 19}]
    assert message["from"]["is_bot"] is True
    assert message["chat"] == {"id": CHAT, "type": "private", "first_name": "Guest 1"}
    assert message["message_id"] > asked
    view = person.last()
    assert (view["sender"], view["message"]) == ("bot", message)


def test_a_reply_quotes_the_message(bot, asked):
    reply = as_json({"message_id": asked})
    message = bot.ok("sendMessage", chat_id=CHAT, text="a", reply_parameters=reply)
    assert message["reply_to_message"]["message_id"] == asked
    again = as_json({"message_id": message["message_id"]})
    nested = bot.ok("sendMessage", chat_id=CHAT, text="b", reply_parameters=again)
    assert "reply_to_message" not in nested["reply_to_message"]


def test_the_older_way_to_reply_still_works(bot, asked):
    message = bot.ok("sendMessage", chat_id=CHAT, text="a", reply_to_message_id=asked)
    assert message["reply_to_message"]["message_id"] == asked


@pytest.mark.usefixtures("asked")
def test_a_reply_to_nothing_is_refused_unless_told_otherwise(bot):
    reply = {"message_id": 999}
    refused = bot.refused("sendMessage", chat_id=CHAT, text="a", reply_parameters=as_json(reply))
    assert refused == "Bad Request: message to be replied not found"
    reply["allow_sending_without_reply"] = True
    message = bot.ok("sendMessage", chat_id=CHAT, text="a", reply_parameters=as_json(reply))
    assert "reply_to_message" not in message


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, "chat_id is empty"),
        ({"chat_id": 1}, "chat not found"),
        ({"chat_id": "@somebody"}, "chat not found"),
        ({"text": ""}, "message text is empty"),
        ({"text": " \n "}, "message text is empty"),
        ({"text": "x" * 4097}, "message is too long"),
        ({"reply_parameters": "{"}, "can't parse reply parameters JSON object"),
        ({"reply_parameters": "[]"}, "object expected as reply parameters"),
        (
            {"reply_parameters": "{}"},
            'can\'t parse ReplyParameters: Field "message_id" must be a valid Number',
        ),
        ({"reply_markup": "{"}, "can't parse reply keyboard markup JSON object"),
        ({"reply_markup": "[]"}, "object expected as reply markup"),
    ],
)
def test_what_telegram_refuses_is_refused(bot, fields, reason):
    fields = {"text": "a"} | ({"chat_id": CHAT} if fields else {}) | fields
    assert bot.refused("sendMessage", **fields) == f"Bad Request: {reason}"


@pytest.mark.usefixtures("asked")
def test_a_text_at_the_limit_is_sent(bot):
    assert len(bot.ok("sendMessage", chat_id=CHAT, text="x" * 4096)["text"]) == 4096


@pytest.mark.usefixtures("asked")
def test_buttons_stand_under_a_message(bot):
    rows = [[{"text": "Yes", "callback_data": "y"}, {"text": "Page", "url": "https://example.org"}]]
    markup = as_json({"inline_keyboard": rows})
    message = bot.ok("sendMessage", chat_id=CHAT, text="a", reply_markup=markup)
    assert message["reply_markup"] == {"inline_keyboard": rows}


@pytest.mark.usefixtures("asked")
def test_other_keyboards_are_taken_and_not_shown(bot):
    for markup in ({"remove_keyboard": True}, {"inline_keyboard": []}):
        message = bot.ok("sendMessage", chat_id=CHAT, text="a", reply_markup=as_json(markup))
        assert "reply_markup" not in message


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ("x", "must be an Array of Arrays"),
        (["x"], "must be an Array of Arrays"),
        ([["x"]], "InlineKeyboardButton must be an Object"),
        ([[{"callback_data": "x"}]], 'Can\'t find field "text"'),
        ([[{"text": "x"}]], "Text buttons are unallowed in the inline keyboard"),
        ([[{"text": "x", "callback_data": "x" * 65}]], "BUTTON_DATA_INVALID"),
    ],
)
def test_wrong_buttons_are_refused(bot, rows, reason):
    markup = as_json({"inline_keyboard": rows})
    assert bot.refused("sendMessage", chat_id=CHAT, text="a", reply_markup=markup).endswith(reason)


def test_a_photo_is_recompressed_and_shown(bot, person, asked):
    message = bot.ok(
        "sendPhoto",
        chat_id=CHAT,
        photo=upload(picture((1600, 1200))),
        caption="done",
        reply_to_message_id=asked,
    )
    largest = message["photo"][-1]
    assert (largest["width"], largest["height"]) == (1280, 960)
    assert message["caption"] == "done"
    path = f"/api/files/{largest['file_unique_id']}"
    shown = person.client.get(path)
    assert (shown.mimetype, len(shown.data)) == ("image/jpeg", largest["file_size"])


@pytest.mark.usefixtures("asked")
def test_a_photo_can_be_attached_under_another_name_or_sent_again(bot):
    first = bot.ok("sendPhoto", chat_id=CHAT, photo="attach://mine", mine=upload(picture()))
    file_id = first["photo"][-1]["file_id"]
    assert bot.ok("sendPhoto", chat_id=CHAT, photo=file_id)["photo"]


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, "there is no photo in the request"),
        ({"photo": "attach://nothing"}, "there is no photo in the request"),
        ({"photo": "nonsense"}, "wrong file identifier/HTTP URL specified"),
        ({"photo": "https://example.org/a.jpg"}, "failed to get HTTP URL content"),
        ({"photo": upload(b"")}, "file must be non-empty"),
        ({"photo": upload(b"text")}, "IMAGE_PROCESS_FAILED"),
        ({"photo": upload(picture((3000, 100)))}, "PHOTO_INVALID_DIMENSIONS"),
        ({"photo": upload(picture()), "caption": "x" * 1025}, "message caption is too long"),
    ],
)
def test_a_photo_that_telegram_refuses_is_refused(bot, fields, reason):
    assert bot.refused("sendPhoto", chat_id=CHAT, **fields) == f"Bad Request: {reason}"


@pytest.mark.usefixtures("asked")
def test_a_document_keeps_its_bytes_name_and_type(bot, person):
    data = picture((3000, 100), "PNG")
    message = bot.ok("sendDocument", chat_id=CHAT, document=upload(data, "../long.png"))
    document = message["document"]
    assert (document["file_name"], document["mime_type"]) == ("long.png", "image/png")
    assert person.client.get(f"/api/files/{document['file_unique_id']}").data == data


@pytest.mark.usefixtures("asked")
def test_a_document_that_is_a_picture_has_a_thumbnail(bot):
    sent = bot.ok("sendDocument", chat_id=CHAT, document=upload(picture(), "a.jpg"))
    assert max(sent["document"]["thumbnail"][side] for side in ("width", "height")) == 320
    broken = bot.ok("sendDocument", chat_id=CHAT, document=upload(b"\xff\xd8", "b.jpg"))
    assert "thumbnail" not in broken["document"]
    text = bot.ok("sendDocument", chat_id=CHAT, document=upload(b"abc", "c.txt"))
    assert "thumbnail" not in text["document"]


@pytest.mark.usefixtures("asked")
def test_a_document_cannot_be_sent_again_as_a_photo(bot):
    sent = bot.ok("sendDocument", chat_id=CHAT, document=upload(picture(), "a.jpg"))
    file_id = sent["document"]["file_id"]
    refused = bot.refused("sendPhoto", chat_id=CHAT, photo=file_id)
    assert refused == "Bad Request: type of file mismatch"
    assert bot.ok("sendDocument", chat_id=CHAT, document=file_id)["document"]["file_id"] == file_id
    empty = bot.refused("sendDocument", chat_id=CHAT, document=upload(b"", "a.jpg"))
    assert empty == "Bad Request: file must be non-empty"


@pytest.mark.usefixtures("asked")
def test_an_action_is_shown(bot, person):
    assert bot.ok("sendChatAction", chat_id=CHAT, action="upload_photo") is True
    assert person.sees()["action"] == "upload_photo"
    refused = bot.refused("sendChatAction", chat_id=CHAT, action="dance")
    assert refused == "Bad Request: wrong parameter action in request"
