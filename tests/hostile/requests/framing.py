"""Where a body ends, told in two ways or in none: what smuggles a request past a proxy."""

from __future__ import annotations

from collections.abc import Iterator

from tests.hostile.requests.case import ANSWERED, CLOSED, REFUSED, Case, head

_SMUGGLED = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
_EMPTY_CHUNKS = b"0\r\n\r\n"
_JSON = "Content-Type: application/json"
_CHUNKED = "Transfer-Encoding: chunked"
_LENGTHS = {
    "with a plus": "+2",
    "below zero": "-1",
    "hexadecimal": "0x2",
    "a list": "2, 2",
    "two words": "2 2",
    "of thirty digits": "9" * 30,
    "empty": "",
    "a fraction": "2.0",
    "in words": "two",
    "with an underscore": "1_0",
}
_CODINGS = {
    "unknown": "xchunked",
    "chunked and then another": "chunked, identity",
    "chunked twice": "chunked, chunked",
    "quoted": '"chunked"',
    "with a vertical tab": "chunked\x0b",
    "with a semicolon": "chunked;q=1",
    "empty": "",
}
_CHUNKS = {
    "no number": b"zz\r\n{}\r\n" + _EMPTY_CHUNKS,
    "below zero": b"-2\r\n{}\r\n" + _EMPTY_CHUNKS,
    "with 0x": b"0x2\r\n{}\r\n" + _EMPTY_CHUNKS,
    "with a plus": b"+2\r\n{}\r\n" + _EMPTY_CHUNKS,
    "with an underscore": b"0_2\r\n{}\r\n" + _EMPTY_CHUNKS,
    "of 17 digits": b"FFFFFFFFFFFFFFFFF\r\n{}\r\n" + _EMPTY_CHUNKS,
    "empty": b"\r\n{}\r\n" + _EMPTY_CHUNKS,
    "shorter than its data": b"1\r\n{}\r\n" + _EMPTY_CHUNKS,
    "without an end of its data": b"2\r\n{}0\r\n\r\n",
}


def cases() -> Iterator[Case]:
    """All of them."""
    yield from _two_ways()
    for name, length in _LENGTHS.items():
        line = f"Content-Length: {length}"
        # Without a length there is no body, which leaves a request without a picture.
        yield Case(
            "smuggling", f"length {name}", lambda path, line=line: head(path, _JSON, line) + b"{}"
        )
    for name, coding in _CODINGS.items():
        line = f"Transfer-Encoding: {coding}"
        yield Case(
            "smuggling",
            f"coding {name}",
            lambda path, line=line: head(path, _JSON, line) + b"2\r\n{}\r\n" + _EMPTY_CHUNKS,
        )
    for name, body in _CHUNKS.items():
        yield Case(
            "chunks",
            f"size {name}",
            lambda path, body=body: head(path, _JSON, _CHUNKED) + body,
            allowed=(REFUSED, CLOSED),
            ends=True,
        )
    yield from _broken_off()


def _two_ways() -> Iterator[Case]:
    length = f"Content-Length: {len(_EMPTY_CHUNKS + _SMUGGLED)}"
    pairs = {
        "length, then chunks": ("Content-Length: 5", _CHUNKED),
        "chunks, then a length": (_CHUNKED, "Content-Length: 5"),
        "a length over both requests": (length, _CHUNKED),
        "two lengths": ("Content-Length: 5", f"Content-Length: {5 + len(_SMUGGLED)}"),
        "the same length twice": ("Content-Length: 5", "Content-Length: 5"),
        "chunks and another coding": (_CHUNKED, "Transfer-Encoding: identity"),
        "a space before the colon": ("Transfer-Encoding : chunked", "Content-Length: 5"),
        "a folded header": ("Transfer-Encoding:\r\n chunked", "Content-Length: 5"),
        "a name with a tab": ("Transfer-Encoding\t: chunked", "Content-Length: 5"),
        "a name after a blank": (" Transfer-Encoding: chunked", "Content-Length: 5"),
        "a bare LF before the second": ("X: y\nTransfer-Encoding: chunked", "Content-Length: 5"),
        "a bare CR before the second": ("X: y\rTransfer-Encoding: chunked", "Content-Length: 5"),
    }
    for name, lines in pairs.items():
        yield Case(
            "smuggling",
            name,
            lambda path, lines=lines: head(path, _JSON, *lines) + _EMPTY_CHUNKS + _SMUGGLED,
            allowed=(REFUSED, CLOSED),
        )
    yield Case(
        "smuggling",
        "a coding that is none, and chunks",
        lambda path: (
            head(path, _JSON, "Transfer-Encoding: identity", _CHUNKED) + _EMPTY_CHUNKS + _SMUGGLED
        ),
        # gunicorn takes `identity` for nothing, and the chunks' end for what it is. nginx refuses.
        allowed=(REFUSED, CLOSED),
        answers=2,
    )
    yield Case(
        "smuggling",
        "chunks in HTTP/1.0",
        lambda path: (
            head(path, _JSON, _CHUNKED).replace(b"HTTP/1.1", b"HTTP/1.0")
            + _EMPTY_CHUNKS
            + _SMUGGLED
        ),
        allowed=(REFUSED, CLOSED),
    )


def _broken_off() -> Iterator[Case]:
    bodies = {
        "chunks without their end": (_CHUNKED, b"2\r\n{}\r\n"),
        "a chunk cut short": (_CHUNKED, b"ff\r\n{}"),
        "a body shorter than its length": ("Content-Length: 1000", b"{}"),
        "no body at all": ("Content-Length: 1000", b""),
        "an extension of 20 kB": (_CHUNKED, b"2;" + b"x" * 20_000 + b"\r\n{}\r\n0\r\n\r\n"),
        "a hundred trailers": (
            _CHUNKED,
            b"2\r\n{}\r\n0\r\n" + b"X: y\r\n" * 100 + b"\r\n",
        ),
        "a trailer that is a length": (_CHUNKED, b"2\r\n{}\r\n0\r\nContent-Length: 50\r\n\r\n"),
    }
    for name, (line, body) in bodies.items():
        yield Case(
            "chunks",
            name,
            lambda path, line=line, body=body: head(path, _JSON, line) + body,
            allowed=(REFUSED, CLOSED),
            ends=True,
        )
    yield Case(
        "pipelining",
        "three requests at once",
        lambda _: 3 * head("/", method="GET"),
        allowed=(ANSWERED, REFUSED),
        answers=3,
    )
    yield Case(
        "pipelining",
        "a request behind one that is refused",
        lambda path: head(path, "Content-Length: -1") + _SMUGGLED,
    )
