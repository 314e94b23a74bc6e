"""A malformed HTTP request: the bytes of it, and what may become of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

ANSWERED, REFUSED, CLOSED, BARE = "answered", "refused", "closed", "bare"
EVERYWHERE = ("nginx", "app_image", "app_url")


@dataclass(frozen=True)
class Case:
    """`make` gives the bytes for the path of a route that takes pictures or URLs.

    allowed: what may be found: `answered` (2xx), `refused` (4xx in our one shape), `closed` (the
    connection, without an answer), `bare` (an answer without a head, as HTTP/0.9 knows it).
    targets: whom it is sent to. ends: whether the client says that it will send no more.
    answers: how many answers may come at most; one more would be a request smuggled in.
    """

    group: str
    name: str
    make: Callable[[str], bytes]
    allowed: tuple[str, ...] = (REFUSED,)
    targets: tuple[str, ...] = EVERYWHERE
    ends: bool = False
    answers: int = 1
    limit_s: float = 10.0


def head(path: str, *lines: str, method: str = "POST") -> bytes:
    """The head of a request, well-formed but for what the lines bring."""
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: localhost", *lines, "", ""]).encode(
        "latin-1"
    )
