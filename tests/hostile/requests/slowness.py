"""Requests that come so slowly that they hold a place for nothing; the proxy's part to end."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.hostile.requests.case import head


@dataclass(frozen=True)
class Slow:
    """`begin`, and then one of `drips` every `pause_s` until somebody hangs up."""

    name: str
    begin: Callable[[str], bytes]
    drip: bytes
    pause_s: float = 1.0
    # nginx: 10 s for a head, 15 s between two pieces of a body.
    limit_s: float = 25.0


def cases() -> Iterator[Slow]:
    """All of them. A body that goes on is no attack of this kind: it is bounded by its size."""
    yield Slow("a head that stops", lambda _: b"GET / HTTP/1.1\r\nHost: ", b"")
    yield Slow("a head by the letter", lambda _: b"GET / HTTP/1.1\r\nX: ", b"a")
    yield Slow("a head by the line", lambda _: b"GET / HTTP/1.1\r\n", b"X: y\r\n")
    yield Slow("nothing at all", lambda _: b"", b"")
    yield Slow(
        "a body that stops",
        lambda path: head(path, "Content-Type: image/jpeg", "Content-Length: 1000") + b"x",
        b"",
    )
    yield Slow(
        "chunks that stop",
        lambda path: (
            head(path, "Content-Type: image/jpeg", "Transfer-Encoding: chunked") + b"5\r\nab"
        ),
        b"",
    )


def held(case: Slow, line: socket.socket, path: str) -> tuple[bool, float]:
    """Whether the server hung up, and after how many seconds; past the limit it is left."""
    begun = time.monotonic()
    line.settimeout(case.pause_s)
    line.sendall(case.begin(path))
    while time.monotonic() - begun < case.limit_s + 2:
        try:
            if case.drip:
                line.sendall(case.drip)
            # What it says to that is another's business; the end is what counts here.
            if not line.recv(65536):
                return True, time.monotonic() - begun
        except TimeoutError:
            continue
        except OSError:
            return True, time.monotonic() - begun
    return False, time.monotonic() - begun
