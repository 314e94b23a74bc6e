"""Formatted texts of the bot: `parse_mode=HTML` and explicit entities, checked as Telegram does."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

from playground.entities import find, utf16_length
from playground.errors import BadCall
from playground.parameters import Call

_KINDS = {
    "b": "bold", "strong": "bold", "i": "italic", "em": "italic", "u": "underline",
    "ins": "underline", "s": "strikethrough", "strike": "strikethrough", "del": "strikethrough",
    "code": "code", "pre": "pre", "a": "text_link", "blockquote": "blockquote",
    "tg-spoiler": "spoiler",
}  # fmt: skip
_KNOWN = frozenset(_KINDS.values()) | {"url", "bot_command", "mention", "hashtag", "email"}

Entities = list[dict[str, Any]]


def parse(text: str, mode: str, call: Call, field: str) -> tuple[str, Entities]:
    """A text without its markup and surrounding blanks, and its entities in order."""
    if mode:
        if mode.lower() != "html":
            raise BadCall("unsupported parse_mode")
        text, given = _html(text)
    else:
        given = _given(call.parsed(field, "message entities"))
    clean = text.strip()
    shift = utf16_length(text[: len(text) - len(text.lstrip())])
    length = utf16_length(clean)
    placed = []
    for entity in given:
        start = max(0, entity["offset"] - shift)
        end = min(length, entity["offset"] - shift + entity["length"])
        if start < end:
            placed.append(entity | {"offset": start, "length": end - start})
    taken = [(e["offset"], e["offset"] + e["length"]) for e in placed]
    for entity in find(clean):
        start, end = entity["offset"], entity["offset"] + entity["length"]
        if not any(low < end and start < high for low, high in taken):
            placed.append(entity)
    return clean, sorted(placed, key=lambda entity: (entity["offset"], -entity["length"]))


def _given(shape: Any) -> Entities:
    if shape is None:
        return []
    if not isinstance(shape, list):
        raise BadCall("expected an Array of MessageEntity")
    return [_entity(each) for each in shape]


def _entity(shape: Any) -> dict[str, Any]:
    problem = "can't parse MessageEntity: "
    if not isinstance(shape, dict):
        raise BadCall(problem + "Expected an Object")
    if shape.get("type") not in _KNOWN:
        raise BadCall(problem + "Unsupported type specified")
    offset, length = shape.get("offset"), shape.get("length")
    if type(offset) is not int or type(length) is not int:
        raise BadCall(problem + 'Field "offset" must be a Number')
    entity = {"type": shape["type"], "offset": offset, "length": length}
    return entity | ({"url": str(shape.get("url", ""))} if shape["type"] == "text_link" else {})


class _Reader(HTMLParser):
    """Collects the text and the entities; unknown or crossed tags are refused."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self.found: Entities = []
        self._offset = 0
        self._open: list[tuple[str, dict[str, Any]]] = []

    def handle_data(self, data: str) -> None:
        self.pieces.append(data)
        self._offset += utf16_length(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        kind = _KINDS.get(tag)
        if kind is None:
            where = f"at byte offset {self._offset}"
            raise BadCall(f'can\'t parse entities: Unsupported start tag "{tag}" {where}')
        entity: dict[str, Any] = {"type": kind, "offset": self._offset, "length": 0}
        if kind == "text_link":
            entity["url"] = dict(attrs).get("href") or ""
        self._open.append((tag, entity))

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open[-1][0] != tag:
            raise BadCall(f"can't parse entities: Unexpected end tag at byte offset {self._offset}")
        _, entity = self._open.pop()
        entity["length"] = self._offset - entity["offset"]
        self.found.append(entity)

    def finish(self) -> None:
        """Refuse what was opened and not closed."""
        self.close()
        if self._open:
            tag = self._open[-1][0]
            raise BadCall(
                f"can't parse entities: Can't find end tag corresponding to start tag {tag}"
            )


def _html(text: str) -> tuple[str, Entities]:
    if bare := re.search(r"<(?![A-Za-z/])", text):
        where = f"at byte offset {len(text[: bare.start()].encode())}"
        raise BadCall(f'can\'t parse entities: Unsupported start tag "" {where}')
    reader = _Reader()
    reader.feed(text)
    reader.finish()
    return "".join(reader.pieces), reader.found
