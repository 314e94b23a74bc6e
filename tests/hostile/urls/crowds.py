"""Too many at once: from one person, to one server, in all, and too large together."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

from tests.fakes_services import header_of, http
from tests.hostile.urls.case import (
    ANSWERED,
    PUBLIC,
    REFUSED,
    TOO_MANY,
    TOO_SLOW,
    Case,
    Script,
    name_of,
)

_GROUP = "too many at once"
_MB = 1_000_000


@dataclass(frozen=True)
class Crowd:
    """Those that take all places, and those that come while they do.

    settle_s: how long the first ones take until they hold what they come to hold.
    """

    first: list[Case]
    then: list[Case]
    settle_s: float = 0.0


def crowds() -> Iterator[Crowd]:
    """All of them, by the limits that the settings have unless something else is set."""
    names = [f"to one server, by name {number}" for number in range(9)]
    *first, last = (_case(name, PUBLIC, _silent) for name in names)
    yield Crowd(
        first,
        [
            replace(last, expected=TOO_MANY, reason="host_at_limit"),
            _case("to another server meanwhile", "8.8.4.4"),
        ],
    )
    names = [f"from one person, link {number}" for number in range(5)]
    *first, last = (
        replace(_case(name, f"8.8.4.{number}", _silent), user=7)
        for number, name in enumerate(names, 1)
    )
    other = _case("from another person meanwhile", "10.0.0.1")
    yield Crowd(
        first,
        [
            replace(last, expected=TOO_MANY, reason="user_at_limit"),
            replace(other, expected=REFUSED, reason="private_address", user=8),
        ],
    )
    *first, last = (
        _case(f"in all, number {number}", f"8.8.8.{number}", _silent) for number in range(1, 34)
    )
    yield Crowd(first, [replace(last, expected="busy", reason="busy")])
    *first, last = (
        _case(f"large ones, number {number}", f"1.1.1.{number}", _large) for number in range(1, 7)
    )
    yield Crowd(first, [replace(last, expected="busy", reason="memory")], settle_s=1.0)


def _case(name: str, address: str, script: Script | None = None) -> Case:
    host = name_of(_GROUP, name)
    return Case(
        *(_GROUP, name, f"http://{host}/", TOO_SLOW if script else ANSWERED),
        names={host: [[address]]},
        sites={host: script} if script else {},
    )


def _silent(line: socket.socket) -> None:
    header_of(line)
    line.recv(1)


def _large(line: socket.socket) -> None:
    """All but a little at once, and the rest so slowly that it is just fast enough."""
    header_of(line)
    line.sendall(http(length=20 * _MB) + bytes(19 * _MB))
    while True:
        line.sendall(bytes(100))
        time.sleep(0.02)
