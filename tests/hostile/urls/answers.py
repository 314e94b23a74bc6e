"""Servers that answer oddly: slowly, without end, packed, wrongly. A long list, read by group."""

from __future__ import annotations

import bz2
import gzip
import io
import itertools
import random
import socket
import time
import zlib
from collections.abc import Iterable, Iterator

from tests.fakes_services import JPEG, header_of, http, says
from tests.hostile.urls.case import (
    ANSWERED,
    NO_IMAGE,
    PUBLIC,
    TOO_LARGE,
    TOO_SLOW,
    UNREACHABLE,
    Case,
    Script,
    name_of,
    served,
)

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
_MB = 1_000_000
_BLOCK = bytes(1 << 16)


def cases() -> Iterator[Case]:
    """All of them."""
    yield from _slow()
    yield from _heads()
    yield from _endless()
    yield from _packed()
    yield from _lengths()
    yield from _types()
    yield from _tls()


def _slow() -> Iterator[Case]:
    noise = gzip.compress(random.Random(1).randbytes(999))
    drips = {
        "silence": (b"", [], "too_slow"),
        "a status line, a byte at a time": (b"", [b"H"] * 99, ""),
        "headers, one at a time": (OK, [b"A: b\r\n"] * 99, ""),
        "a head that stops": (OK + b"A: b\r\n", [], "too_little_a_second"),
        "a body, a byte at a time": (OK + b"Content-Length: 999\r\n\r\n", [b"x"] * 99, ""),
        "a body that never begins": (OK + b"Content-Length: 9\r\n\r\n", [], "too_slow"),
        "a body that stops": (OK + b"Content-Length: 99\r\n\r\nabc", [], "too_little_a_second"),
        "a body without length that stops": (OK + b"\r\nabc", [], "too_little_a_second"),
        "chunks of one byte": (CHUNKED, [b"1\r\nx\r\n"] * 99, ""),
        "a chunk's length, a digit at a time": (CHUNKED, [b"0"] * 99, ""),
        "a chunk's extension": (CHUNKED + b"1;", [b"a"] * 99, ""),
        "trailers": (CHUNKED + b"1\r\nx\r\n0\r\n", [b"A: b\r\n"] * 99, ""),
        "interim answers": (b"", [b"HTTP/1.1 102 Processing\r\n\r\n"] * 4, ""),
        "a packed body": (
            OK + b"Content-Encoding: gzip\r\n\r\n" + noise[:20],
            [noise[at : at + 1] for at in range(20, 119)],
            "",
        ),
    }
    for name, (first, pieces, reason) in drips.items():
        yield served("slow", name, drip(first, list(pieces)), TOO_SLOW, reason, slow=True)
    yield served("slow", "slower than a modem, without a pause", _steady, TOO_SLOW, "", slow=True)


def _heads() -> Iterator[Case]:
    answers = {
        "nothing": (b"", "not_http"),
        "another protocol": (b"SSH-2.0-OpenSSH_9.9\r\n", "not_http"),
        "a server of mail": (b"220 mail ESMTP\r\n", "not_http"),
        "Redis": (b"-ERR unknown command\r\n", "not_http"),
        "HTTP/0.9": (JPEG, "not_http"),
        "HTTP/2": (b"\0\0\x12\4\0\0\0\0\0", "not_http"),
        "no number for a status": (b"HTTP/1.1 abc OK\r\n\r\n", "not_http"),
        "a status of four digits": (b"HTTP/1.1 2000 OK\r\n\r\n", "not_http"),
        "a head that breaks off": (OK + b"A: b\r\n", "not_http"),
        "a NUL in a header": (OK + b"A: \0\r\n\r\n", "not_http"),
        "a space in a header's name": (OK + b"A b: c\r\n\r\n", "not_http"),
        "two lengths": (OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", "not_http"),
        "a negative length": (OK + b"Content-Length: -1\r\n\r\na", "not_http"),
        "a length in words": (OK + b"Content-Length: many\r\n\r\na", "not_http"),
        "an unknown transfer encoding": (OK + b"Transfer-Encoding: gzip\r\n\r\na", "not_http"),
        "101 headers": (OK + b"A: b\r\n" * 101 + b"\r\n", "head_too_large"),
        "a header of 70,000 bytes": (OK + b"A: " + b"b" * 70_000 + b"\r\n\r\n", "head_too_large"),
        "many headers of 1,000 bytes": (
            OK + (b"A: " + b"b" * 1000 + b"\r\n") * 40 + b"\r\n",
            "head_too_large",
        ),
        "a status line of 70,000 bytes": (b"HTTP/1.1 200 " + b"a" * 70_000, "head_too_large"),
        "six interim answers": (b"HTTP/1.1 103 Early Hints\r\n\r\n" * 6 + OK, "interim_answers"),
        "another protocol by 101": (
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n",
            "not_http",
        ),
    }
    for name, (answer, reason) in answers.items():
        yield served("heads", name, says(answer), UNREACHABLE, reason)
    for status in ("204 No Content", "206 Partial Content", "304 Not Modified", "401 No", "404 No"):
        answer = says(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())
        yield served("heads", status, answer, UNREACHABLE, "status")
    for status in ("407 Proxy", "429 Many", "500 Broken", "503 Busy", "599 What"):
        answer = says(http(b"x" * 99, "Retry-After: 99999", status=status))
        yield served("heads", status, answer, UNREACHABLE, "status")
    early = says(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + http(JPEG))
    yield served("heads", "one interim answer", early, ANSWERED)


def _endless() -> Iterator[Case]:
    chunk = b"10000\r\n" + _BLOCK + b"\r\n"
    yield served(
        "without end", "a head", pour(OK, b"A: b\r\n" * 999), UNREACHABLE, "head_too_large"
    )
    yield served(
        *("without end", "a header", pour(OK + b"A: ", b"b" * 9999)),
        *(UNREACHABLE, "head_too_large"),
    )
    interim = b"HTTP/1.1 100 Continue\r\n\r\n" * 99
    yield served(
        "without end", "interim answers", pour(b"", interim), UNREACHABLE, "interim_answers"
    )
    yield served(
        *("without end", "a body without length", pour(OK + b"\r\n", _BLOCK)),
        *(TOO_LARGE, "too_many_bytes"),
    )
    yield served("without end", "chunks", pour(CHUNKED, chunk), TOO_LARGE, "too_many_bytes")
    yield served(
        *("without end", "chunks of one byte", pour(CHUNKED, b"1\r\nx\r\n" * 999)),
        *(UNREACHABLE, "tiny_chunks"),
    )
    yield served(
        "without end",
        "a chunk's length",
        pour(CHUNKED, b"0" * 999),
        UNREACHABLE,
        "head_too_large",
    )
    yield served(
        *("without end", "a chunk's extension", pour(CHUNKED + b"1;", b"a" * 9999)),
        *(UNREACHABLE, ""),
    )
    yield served(
        *("without end", "extensions of small chunks",
          pour(CHUNKED, b"1;" + b"a" * 8000 + b"\r\nx\r\n")),
        *(UNREACHABLE, ""),
    )  # fmt: skip
    yield served(
        *("without end", "trailers", pour(CHUNKED + b"1\r\nx\r\n0\r\n", b"A: b\r\n" * 999)),
        *(UNREACHABLE, ""),
    )
    length = b"Content-Length: 99999999999999\r\n\r\n"
    yield served(
        *("without end", "as announced", pour(OK + length, _BLOCK)),
        *(TOO_LARGE, "too_many_bytes"),
    )
    page = b"Content-Type: text/html\r\n\r\n<html>"
    yield served("without end", "a page", pour(OK + page, b"<p>" * 999), NO_IMAGE, "page")


def _packed() -> Iterator[Case]:
    for how, bomb in {
        "gzip": _gzipped(),
        "gzip, unasked x-gzip": _gzipped(),
        "deflate": zlib.compress(bytes(60 * _MB), 9),
    }.items():
        encoding = {"gzip": "gzip", "deflate": "deflate"}.get(how, "x-gzip")
        answer = says(http(bomb, f"Content-Encoding: {encoding}"))
        yield served("packed", f"a bomb in {how}", answer, TOO_LARGE, "bomb")
    twice = gzip.compress(gzip.compress(bytes(60 * _MB), 9), 9)
    yield served(
        *("packed", "a bomb in a bomb", says(http(twice, "Content-Encoding: gzip"))), ANSWERED
    )
    for encoding in (
        "br",
        "zstd",
        "compress",
        "gzip, gzip",
        "gzip, br",
        "gzip" + ", gzip" * 50,
        "?",
    ):
        answer = says(http(gzip.compress(JPEG), f"Content-Encoding: {encoding}"))
        name = f"in {encoding[:12]}{len(encoding)}"
        yield served("packed", name, answer, NO_IMAGE, "content_encoding")
    packed = gzip.compress(JPEG * 99)
    for name, body in {
        "gzip that is none": JPEG,
        "gzip that breaks off": packed[:-12],
        "gzip without its sum": packed[:-8],
        "gzip with a wrong sum": packed[:-8] + bytes(8),
        "bzip2 as gzip": bz2.compress(JPEG),
        "nothing": b"",
    }.items():
        answer = says(http(body, "Content-Encoding: gzip"))
        yield served("packed", name, answer, NO_IMAGE, "unpack")
    good = says(http(packed, "Content-Encoding: gzip"))
    yield served("packed", "gzip, as some servers do it", good, ANSWERED)
    endless = gzip.compress(JPEG) + bytes(999)
    yield served(
        "packed",
        "gzip with something behind its end",
        says(http(endless, "Content-Encoding: gzip")),
        ANSWERED,
    )


def _lengths() -> Iterator[Case]:
    yield served(
        "lengths", "more than comes", says(http(JPEG, length=9999)), UNREACHABLE, "broken_off"
    )
    yield served("lengths", "less than comes", says(http(JPEG * 9, length=16)), ANSWERED)
    yield served("lengths", "0", says(http(JPEG, length=0)), ANSWERED)
    for length in (20_000_001, 10**12, 10**18):
        yield served(
            *("lengths", f"{length}", says(http(JPEG, length=length))),
            *(TOO_LARGE, "too_many_bytes"),
        )
    huge = says(OK + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n")
    yield served("lengths", "of 5,000 digits", huge, UNREACHABLE, "not_http")
    both = says(CHUNKED.replace(b"\r\n\r\n", b"\r\nContent-Length: 2\r\n\r\n") + b"0\r\n\r\n")
    yield served("lengths", "and chunks", both, ANSWERED)
    for name, chunks in {
        "a chunk that is none": b"zz\r\n",
        "a chunk with a sign": b"-1\r\nx\r\n",
        "a chunk of 2 ** 80": b"1" + b"0" * 20 + b"\r\n",
        "a chunk that breaks off": b"5\r\nab",
        "no last chunk": b"2\r\nab\r\n",
        "no end behind a chunk": b"2\r\nabcd\r\n",
    }.items():
        yield served("lengths", name, says(CHUNKED + chunks), UNREACHABLE)
    # As much as is allowed, to the byte, and one more.
    most = 20 * _MB
    yield served("lengths", "20 MB", says(OK + b"\r\n" + bytes(most)), ANSWERED)
    yield served(
        *("lengths", "20 MB and a byte", says(OK + b"\r\n" + bytes(most + 1))),
        *(TOO_LARGE, "too_many_bytes"),
    )


def _types() -> Iterator[Case]:
    page = b"<html><body>a page</body></html>"
    for type_ in ("image/jpeg", "image/png", "application/octet-stream", "", "a" * 5000):
        name = f"a page that says {type_[:24] or 'nothing'}"
        yield served("types", name, says(http(page, f"Content-Type: {type_}")), NO_IMAGE, "page")
    for type_ in ("text/html", "application/json", "text/plain", "image/svg+xml", "\xff", "image"):
        name = f"a picture that says {type_}"
        answer = says(http(JPEG, f"Content-Type: {type_}"))
        yield served("types", name, answer, ANSWERED)
    parts = b"--a\r\nContent-Type: image/jpeg\r\n\r\n" + JPEG + b"\r\n--a--"
    for type_ in ("byteranges", "x-mixed-replace", "form-data", "MIXED"):
        answer = says(http(parts, f"Content-Type: multipart/{type_}; boundary=a"))
        yield served("types", f"multipart/{type_}", answer, NO_IMAGE, "multipart")
    ranges = says(
        http(parts, "Content-Type: multipart/byteranges; boundary=a", status="206 Partial Content")
    )
    yield served("types", "a range that nobody asked for", ranges, UNREACHABLE, "status")
    stream = pour(OK + b"Content-Type: multipart/x-mixed-replace; boundary=a\r\n\r\n", parts)
    yield served("types", "a camera's stream", stream, NO_IMAGE, "multipart")


def _tls() -> Iterator[Case]:
    """Of port 443, where the first byte is the server's choice: by the name, which it reads."""
    greeting = b"\x16\x03\x03\x40\x00"
    for name, script, expected, reason, slow in (
        ("a handshake, a byte at a time", drip(greeting, [b"\x02"] * 99), TOO_SLOW, "", True),
        ("a handshake that stops", drip(greeting, []), TOO_SLOW, "too_slow", True),
        ("HTTP without TLS", _say_at_once(http(JPEG)), UNREACHABLE, "tls", False),
        ("a record of nothing known", _say_at_once(b"\x99" * 99), UNREACHABLE, "tls", False),
        ("an alert", _say_at_once(b"\x15\x03\x03\x00\x02\x02\x28"), UNREACHABLE, "tls", False),
        ("a connection that ends", _say_at_once(b""), UNREACHABLE, "", False),
        ("a handshake without end", _pour_at_once(greeting, bytes(9999)), UNREACHABLE, "", False),
    ):
        host = name_of("TLS", name)
        yield Case(
            *("TLS", name, f"https://{host}/", expected, reason),
            names={host: [[PUBLIC]]},
            sites={host: script},
            slow=slow,
        )


def _gzipped() -> bytes:
    """60 MB of zeros."""
    out = io.BytesIO()
    with gzip.open(out, "wb", 9) as file:
        for _ in range(60):
            file.write(bytes(_MB))
    return out.getvalue()


def drip(first: bytes, pieces: Iterable[bytes]) -> Script:
    """Say something, then a piece every 20 ms, then nothing for longer than anybody waits."""

    def script(line: socket.socket) -> None:
        header_of(line)
        line.sendall(first)
        for piece in pieces:
            time.sleep(0.02)
            line.sendall(piece)
        line.recv(1)

    return script


def _steady(line: socket.socket) -> None:
    header_of(line)
    line.sendall(OK + b"\r\n")
    for _ in range(999):
        line.sendall(b"x" * 5)
        time.sleep(0.01)


def pour(first: bytes, again: bytes) -> Script:
    """Say something, and something else until the line is cut."""

    def script(line: socket.socket) -> None:
        header_of(line)
        line.sendall(first)
        for piece in itertools.repeat(again):
            line.sendall(piece)

    return script


def _say_at_once(answer: bytes) -> Script:
    def script(line: socket.socket) -> None:
        line.recv(4096)
        line.sendall(answer)

    return script


def _pour_at_once(first: bytes, again: bytes) -> Script:
    def script(line: socket.socket) -> None:
        line.recv(4096)
        line.sendall(first)
        while True:
            line.sendall(again)

    return script
