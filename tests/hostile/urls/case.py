"""A hostile URL: where it leads in a played internet, and what has to become of it."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.fakes_services import JPEG, http, says

ANSWERED, REFUSED, UNREACHABLE, TOO_SLOW, TOO_LARGE, NO_IMAGE, TOO_MANY = (
    "answered",
    "url_refused",
    "url_unreachable",
    "url_too_slow",
    "image_too_large",
    "not_an_image",
    "too_many_requests",
)
PUBLIC = "93.184.215.14"
# What a fetch may take, and how long a server may be slower than `FLOOR_BYTES_PER_S`.
TIMEOUT_S, WINDOW_S, FLOOR_BYTES_PER_S = 2.5, 0.5, 1000
# Its own limit and what a busy machine may take on top.
LIMIT_S = TIMEOUT_S + 3

Script = Callable[[socket.socket], None]
PICTURE = says(http(JPEG, "Content-Type: image/jpeg"))


@dataclass(frozen=True)
class Case:
    """`reason` is that of the refusal, where one is expected.

    names: what a name server answers, one list of addresses after the other, the last one for ever.
    sites: what the servers of the internet do, by name; all others answer with a picture.
    slow: whether it takes its time, so that others may be tried meanwhile.
    user: whose it is, where it comes as a job of the bot.
    """

    group: str
    name: str
    url: str
    expected: str = REFUSED
    reason: str = ""
    names: dict[str, list[list[str]]] = field(default_factory=dict)
    sites: dict[str, Script] = field(default_factory=dict)
    slow: bool = False
    user: int | None = None


def name_of(group: str, name: str) -> str:
    """A host name that no other case has."""
    return re.sub(r"[^a-z0-9]+", "-", f"{group} {name}".lower()).strip("-")[-60:].strip("-") + (
        ".example"
    )


def served(
    group: str, name: str, script: Script, expected: str, reason: str = "", *, slow: bool = False
) -> Case:
    """A case in which a server at a public address does something odd."""
    host = name_of(group, name)
    return Case(
        *(group, name, f"http://{host}/a.jpg", expected, reason),
        names={host: [[PUBLIC]]},
        sites={host: script},
        slow=slow,
    )


def resolved(
    group: str, name: str, *answers: list[str], expected: str = REFUSED, reason: str = ""
) -> Case:
    """A case in which a name server answers so, first, second and from then on."""
    host = name_of(group, name)
    return Case(group, name, f"http://{host}/", expected, reason, names={host: list(answers)})
