"""Telegram's updates, written as Telegram writes them."""

from __future__ import annotations

from typing import Any

from telegram import Update

from bot.receiver.reading import Reader

BOT_ID, BOT_NAME = 123456, "semblance_bot"
PERSON = {"id": 7, "is_bot": False, "first_name": "Ada", "language_code": "de"}
PRIVATE = {"id": 7, "type": "private", "first_name": "Ada"}
GROUP = {"id": -100, "type": "supergroup", "title": "Friends"}
BOT = {"id": BOT_ID, "is_bot": True, "first_name": "Semblance", "username": BOT_NAME}
PHOTO = [
    {"file_id": "small", "file_unique_id": "s", "width": 90, "height": 60, "file_size": 900},
    {"file_id": "large", "file_unique_id": "l", "width": 900, "height": 600, "file_size": 90_000},
]
READER = Reader(username=BOT_NAME, bot_id=BOT_ID)


def message(*, chat: dict[str, Any] = PRIVATE, **fields: Any) -> dict[str, Any]:
    """A message object."""
    return {"message_id": 5, "date": 1_800_000_000, "chat": chat, "from": PERSON} | fields


def update(update_id: int = 1, **fields: Any) -> Update:
    """An update with a message of these fields, or with what `fields` names itself."""
    if "raw" in fields:
        return Update.de_json({"update_id": update_id} | fields["raw"], None)
    return Update.de_json({"update_id": update_id, "message": message(**fields)}, None)


def entity(text: str, part: str, kind: str, **more: Any) -> dict[str, Any]:
    """An entity over `part`, counted in UTF-16 as Telegram does."""
    start = text.index(part)
    return {
        "type": kind,
        "offset": len(text[:start].encode("utf-16-le")) // 2,
        "length": len(part.encode("utf-16-le")) // 2,
    } | more


def text_with_urls(text: str, *urls: str) -> dict[str, Any]:
    """Fields of a text message whose `urls` Telegram has recognised."""
    return {"text": text, "entities": [entity(text, url, "url") for url in urls]}
