"""Hostile requests as bytes: broken pictures, bombs, refused URLs and malformed HTTP."""

from __future__ import annotations

import json
import struct
import zlib
from dataclasses import dataclass


@dataclass(frozen=True)
class Hostile:
    """Bytes for a connection of their own; `ends`: nothing more will be sent on it."""

    name: str
    data: bytes
    ends: bool = False


def hostile(good: bytes) -> list[Hostile]:
    """Hostile requests by class, every class as often as the others; `good` is a sound JPEG."""
    pictures = [
        good[: len(good) // 2],
        b"\xff\xd8" + bytes(5000),
        b"<svg/>",
        b"%PDF-1.7",
        b"",
        b"GIF89a",
    ]
    bombs = [
        _png_claiming(60_000, 60_000),
        _png_claiming(1, 2**31 - 1),
        _png_claiming(49_000, 1_000),
    ]
    urls = [
        "http://127.0.0.1:22/", "http://[::1]/", "http://169.254.169.254/latest/meta-data/",
        "http://2130706433/", "http://0x7f.1/", "ftp://example.com/x", "file:///etc/passwd",
        "http://user:word@example.com/", "http://10.0.0.1/x.jpg", "gopher://127.0.0.1:11211/_x",
    ]  # fmt: skip
    malformed = [
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /v1/faces HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"POST /v1/faces HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"POST /v1/faces HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\nContent-Length: 8\r\n\r\n",
        b"POST /v1/faces HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /v1/faces HTTP/1.1\r\nHost: a\r\nContent-Length: 99999\r\n\r\nshort",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    ]
    classes = [
        [Hostile("picture", _post("/v1/faces", body, "image/jpeg")) for body in pictures],
        [Hostile("bomb", _post("/v1/faces", body, "image/png")) for body in bombs],
        [Hostile("url", _post("/v1/faces/url", url_body(url), "application/json")) for url in urls],
        [Hostile("http", data, ends=True) for data in malformed],
    ]
    longest = max(map(len, classes))
    return [cases[i % len(cases)] for cases in classes for i in range(longest)]


def _post(path: str, body: bytes, kind: str) -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: hostile\r\nContent-Type: {kind}\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body


def _png_claiming(width: int, height: int) -> bytes:
    """A PNG of one black line after another, as far as a few kilobytes of zeros go."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    data = zlib.compress(bytes(4_000_000), 9)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )


def url_body(url: str) -> bytes:
    """The body of a request about a URL."""
    return json.dumps({"url": url}).encode()
