"""The body of an answer: bounded as it is and as it unpacks, and judged by its bytes.

What a server says about a body (its type, its length) decides nothing but a refusal in advance.
"""

from __future__ import annotations

import codecs
import io
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from services.app_url.answer import Answer
from services.app_url.budget import Room
from utils.errors import ImageTooLarge, NotAnImage, SemblanceError

# Of a page only its head is of interest, and is kept.
MAX_PAGE_BYTES = 512_000

_PAGE_TYPES = ("text/html", "application/xhtml+xml")
_PAGE_STARTS = (b"<!doctype html", b"<html", b"<head", b"<!--")
_PICTURE_STARTS = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"RIFF", b"BM", b"II*\0", b"MM\0*")
_START_BYTES = 256
_UNPACKED_BYTES = 1 << 16
_PACKED = ("gzip", "x-gzip", "deflate")


@dataclass(frozen=True)
class Content:
    """What an answer brought; of a page its head alone, of at most `MAX_PAGE_BYTES`."""

    data: bytes
    is_page: bool


def content_of(answer: Answer, room: Room, *, max_bytes: int) -> Content:
    """The content of an answer, held in `room` while it comes.

    Raises `NotAnImage`, `ImageTooLarge`, `Busy`, and what `Answer.pieces` does.
    """
    type_ = answer.header("Content-Type").partition(";")[0].strip().lower()
    if type_.startswith("multipart/"):
        raise NotAnImage("a body of several parts", reason="multipart")
    if answer.announced_bytes > max_bytes:
        raise ImageTooLarge(
            f"an answer that announces more than {max_bytes} bytes", reason="too_many_bytes"
        )
    packed = _is_packed(answer)
    body = io.BytesIO()  # gives its bytes away without a copy
    is_page = None
    for piece in _unpacked(answer.pieces()) if packed else answer.pieces():
        room.grow(len(piece))
        body.write(piece)
        if body.tell() > max_bytes:
            raise _too_large(max_bytes, packed=packed)
        if is_page is None and body.tell() >= _START_BYTES:
            is_page = _is_page(body.getvalue(), type_)
        if is_page and body.tell() >= MAX_PAGE_BYTES:
            break
    data = body.getvalue()
    return Content(data, _is_page(data, type_) if is_page is None else is_page)


def _is_page(data: bytes, type_: str) -> bool:
    """Whether bytes are a page, by their start; its type counts where that tells nothing."""
    start = data[:_START_BYTES]
    if start.startswith(_PICTURE_STARTS):
        return False
    text = start.removeprefix(codecs.BOM_UTF8).lstrip().lower()
    return type_ in _PAGE_TYPES or text.startswith(_PAGE_STARTS)


def _too_large(max_bytes: int, *, packed: bool) -> SemblanceError:
    if packed:
        return ImageTooLarge(f"unpacks to more than {max_bytes} bytes", reason="bomb")
    return ImageTooLarge(f"an answer of more than {max_bytes} bytes", reason="too_many_bytes")


def _is_packed(answer: Answer) -> bool:
    """Whether the body is packed in a way that we undo: not asked for, but some servers do it."""
    encoding = answer.header("Content-Encoding").strip().lower()
    if encoding in ("", "identity"):
        return False
    if encoding in _PACKED:
        return True
    raise NotAnImage(
        "a content encoding that was not asked for",
        reason="content_encoding",
        sentence="That server packs its picture in a way that I did not ask for. "
        "Please send me the picture itself.",
    )


def _unpacked(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """What gzip or zlib packed, never more than a small piece at a time."""
    inflate = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    try:
        for packed in pieces:
            waiting = packed
            while waiting and not inflate.eof:
                yield inflate.decompress(waiting, _UNPACKED_BYTES)
                waiting = inflate.unconsumed_tail
            if inflate.eof:
                return
        while rest := inflate.decompress(b"", _UNPACKED_BYTES):
            yield rest
    except zlib.error:
        raise NotAnImage("a body that does not unpack", reason="unpack") from None
    if not inflate.eof:
        raise NotAnImage("a packed body without its end", reason="unpack")
