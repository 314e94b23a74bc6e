"""Methods that change a message: its text, media, caption or buttons, or delete it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from playground import content
from playground.chats import Chat, Entry, Message
from playground.errors import BadCall
from playground.parameters import Call, as_strings
from playground.sending import chat_of
from playground.state import Playground

_NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same "
    "as a current content and reply markup of the message"
)


def edit_message_text(playground: Playground, call: Call) -> Message:
    """https://core.telegram.org/bots/api#editmessagetext."""
    text = content.text_of(call)

    def change(old: Message) -> Message:
        if "text" not in old:
            raise BadCall("there is no text in the message to edit")
        return text

    return _edit(playground, call, change)


def edit_message_caption(playground: Playground, call: Call) -> Message:
    """https://core.telegram.org/bots/api#editmessagecaption."""
    caption = content.caption_of(call)

    def change(old: Message) -> Message:
        if "text" in old:
            raise BadCall("there is no caption in the message to edit")
        return {name: old[name] for name in ("photo", "document") if name in old} | caption

    return _edit(playground, call, change)


def edit_message_reply_markup(playground: Playground, call: Call) -> Message:
    """https://core.telegram.org/bots/api#editmessagereplymarkup."""
    kept = ("text", "entities", "caption", "caption_entities", "photo", "document")
    return _edit(playground, call, lambda old: {name: old[name] for name in kept if name in old})


def edit_message_media(playground: Playground, call: Call) -> Message:
    """https://core.telegram.org/bots/api#editmessagemedia: also turns a text into media."""
    if not call.text("media"):
        raise BadCall('parameter "media" is required')
    shape = call.parsed("media", "input media")
    problem = "can't parse InputMedia: "
    if not isinstance(shape, dict):
        raise BadCall(problem + "expected an Object")
    kind, source = shape.get("type"), shape.get("media")
    if kind not in ("photo", "document"):
        raise BadCall(f'{problem}type "{kind}" is unsupported')
    if not isinstance(source, str) or not source:
        raise BadCall(problem + "media not found")
    make = content.photo if kind == "photo" else content.document
    _, entry = _target(playground, call)
    _check_own(entry)
    media = make(playground.files, content.upload_of(call, playground.files, source, kind))
    caption = content.caption_of(replace(call, values=as_strings(shape)))
    return _edit(playground, call, lambda _: media | caption)


def delete_message(playground: Playground, call: Call) -> bool:
    """https://core.telegram.org/bots/api#deletemessage: in a private chat any message."""
    if not call.text("chat_id"):
        raise BadCall("chat identifier is not specified")
    playground.delete(*_target(playground, call, "message to delete not found"))
    return True


def _edit(playground: Playground, call: Call, change: Callable[[Message], Message]) -> Message:
    chat, entry = _target(playground, call)
    old = _check_own(entry)
    message = playground.edit(chat, entry, change(old) | content.buttons_of(call))
    if message is None:
        raise BadCall(_NOT_MODIFIED)
    return message


def _target(
    playground: Playground, call: Call, missing: str = "message to edit not found"
) -> tuple[Chat, Entry]:
    message_id = call.whole("message_id")
    if message_id <= 0:
        raise BadCall("message identifier is not specified")
    chat = chat_of(playground, call)
    entry = chat.find(message_id)
    if entry is None:
        raise BadCall(missing)
    return chat, entry


def _check_own(entry: Entry) -> Message:
    if entry.sender != "bot" or entry.message is None:
        raise BadCall("message can't be edited")
    return entry.message
