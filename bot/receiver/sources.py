"""The pictures that a message carries: file_ids of photos and files, or URLs in its words."""

from __future__ import annotations

import re

from telegram import Document, Message, MessageEntity, PhotoSize

from utils.jobs import Kind

# What getFile hands to bots, by Telegram's own rule.
_MAX_FILE_BYTES = 20 * 1024 * 1024
_MAX_URLS = 10
_LINKS: list[str | None] = [MessageEntity.URL, MessageEntity.TEXT_LINK]
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)


class TooLarge(Exception):
    """Telegram would not hand this file to a bot."""


def sources(message: Message) -> list[tuple[Kind, str]]:
    """The message's pictures, each with its kind. Raises `TooLarge`.

    A picture beats the links in its caption: they are about it.
    """
    file = _file(message)
    return [("url", url) for url in _urls(message)] if file is None else [("file_id", file.file_id)]


def announced_bytes(message: Message) -> int:
    """The size of the message's picture as Telegram tells it; 0 for links. Raises `TooLarge`."""
    file = _file(message)
    return 0 if file is None else max(0, file.file_size or 0)


def _file(message: Message) -> PhotoSize | Document | None:
    if message.photo:
        sizes = [size for size in message.photo if (size.file_size or 0) <= _MAX_FILE_BYTES]
        if not sizes:
            raise TooLarge
        return max(sizes, key=lambda size: size.width * size.height)
    document = message.document
    if document is None or not (document.mime_type or "").lower().startswith("image/"):
        return None
    if (document.file_size or 0) > _MAX_FILE_BYTES:
        raise TooLarge
    return document


def _urls(message: Message) -> list[str]:
    """Each URL once, in the order of the text, as Telegram would open it."""
    entities = message.parse_entities(_LINKS) | message.parse_caption_entities(_LINKS)
    urls: dict[str, None] = {}
    for entity, text in sorted(entities.items(), key=lambda item: item[0].offset):
        url = (entity.url or text).strip()
        urls[url if _SCHEME.match(url) else f"http://{url}"] = None
    return list(urls)[:_MAX_URLS]
