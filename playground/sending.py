"""Methods that make a message: sendMessage, sendPhoto, sendDocument; and sendChatAction."""

from __future__ import annotations

from typing import Any

from playground import content
from playground.chats import Chat, Entry, Message
from playground.errors import BadCall
from playground.parameters import Call
from playground.state import Playground

_ACTIONS = frozenset({
    "typing", "upload_photo", "record_video", "upload_video", "record_voice", "upload_voice",
    "upload_document", "choose_sticker", "find_location", "record_video_note", "upload_video_note",
})  # fmt: skip


def chat_of(playground: Playground, call: Call) -> Chat:
    """The chat that a call is about."""
    if not call.text("chat_id"):
        raise BadCall("chat_id is empty")
    chat = playground.chat(call.whole("chat_id"))
    if chat is None:
        raise BadCall("chat not found")
    return chat


def send_message(playground: Playground, call: Call) -> Message:
    """https://core.telegram.org/bots/api#sendmessage."""
    return _send(playground, call, content.text_of(call))


def send_photo(playground: Playground, call: Call) -> Message:
    """https://core.telegram.org/bots/api#sendphoto."""
    upload = content.upload_of(call, playground.files, call.text("photo"), "photo")
    return _send(
        playground, call, content.photo(playground.files, upload) | content.caption_of(call)
    )


def send_document(playground: Playground, call: Call) -> Message:
    """https://core.telegram.org/bots/api#senddocument."""
    upload = content.upload_of(call, playground.files, call.text("document"), "document")
    shape = content.document(playground.files, upload)
    return _send(playground, call, shape | content.caption_of(call))


def send_chat_action(playground: Playground, call: Call) -> bool:
    """https://core.telegram.org/bots/api#sendchataction."""
    action = call.text("action").lower()
    if action not in _ACTIONS:
        raise BadCall("wrong parameter action in request")
    playground.act(chat_of(playground, call), action)
    return True


def _send(playground: Playground, call: Call, shape: Message) -> Message:
    chat = chat_of(playground, call)
    return playground.send(chat, shape | content.buttons_of(call), _reply_to(chat, call))


def _reply_to(chat: Chat, call: Call) -> Entry | None:
    reply: Any = call.parsed("reply_parameters", "reply parameters")
    if reply is None:
        message_id: Any = call.whole("reply_to_message_id")
        optional = call.flag("allow_sending_without_reply")
    elif not isinstance(reply, dict):
        raise BadCall("object expected as reply parameters")
    else:
        message_id = reply.get("message_id")
        if type(message_id) is not int:
            raise BadCall('can\'t parse ReplyParameters: Field "message_id" must be a valid Number')
        optional = reply.get("allow_sending_without_reply") is True
    if message_id == 0:
        return None
    entry = chat.find(message_id)
    if entry is None and not optional:
        raise BadCall("message to be replied not found")
    return entry
