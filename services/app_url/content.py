"""The body of an answer: bounded as it is and as it unpacks, and a sentence for what is a page."""

from __future__ import annotations

import zlib
from http.client import HTTPResponse
from typing import Protocol

from services.app_url.deadline import Deadline
from utils.errors import ImageTooLarge, NotAnImage, UrlUnreachable

_PIECE_BYTES = 1 << 16
_PAGE_TYPES = ("text/html", "application/xhtml+xml")
_PAGE_STARTS = (b"<!doctype html", b"<html")


class Unpacker(Protocol):
    """Undoes a content encoding, piece by piece."""

    def unpack(self, piece: bytes, limit: int) -> bytes:
        """At most `limit` bytes of what the piece holds."""


class _Plain:
    def unpack(self, piece: bytes, limit: int) -> bytes:
        return piece[:limit]


class _Deflated:
    """gzip and zlib; we ask for neither, but some servers send it regardless."""

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)

    def unpack(self, piece: bytes, limit: int) -> bytes:
        try:
            return self._inflate.decompress(piece, limit)
        except zlib.error:
            raise NotAnImage("a body that does not unpack") from None


def picture_in(response: HTTPResponse, deadline: Deadline, *, max_bytes: int) -> bytes:
    """The bytes of an answer. Raises `NotAnImage`, `ImageTooLarge`, `UrlUnreachable`."""
    if response.headers.get_content_type() in _PAGE_TYPES:
        raise _page()
    unpacker = _unpacker_for(response)
    if (response.length or 0) > max_bytes:
        raise ImageTooLarge(f"an answer that announces more than {max_bytes} bytes")
    data = bytearray()
    while piece := response.read1(_PIECE_BYTES):
        deadline.remaining_s()
        data += unpacker.unpack(piece, max_bytes + 1 - len(data))
        if len(data) > max_bytes:
            raise ImageTooLarge(f"an answer of more than {max_bytes} bytes")
    deadline.remaining_s()
    if response.length:
        raise UrlUnreachable(
            "the answer broke off", sentence="That server broke off in the middle of the picture."
        )
    if bytes(data[:64]).lstrip().lower().startswith(_PAGE_STARTS):
        raise _page()
    return bytes(data)


def _page() -> NotAnImage:
    return NotAnImage(
        "a page instead of a picture",
        sentence="That address is a web page. Please send the address of the picture itself: "
        "open the picture alone and copy that address.",
    )


def _unpacker_for(response: HTTPResponse) -> Unpacker:
    encoding = (response.headers.get("Content-Encoding") or "identity").strip().lower()
    if encoding == "identity":
        return _Plain()
    if encoding in ("gzip", "x-gzip", "deflate"):
        return _Deflated()
    raise NotAnImage("a content encoding that was not asked for")
