"""Servers behind TLS: certificates that are not theirs, and good ones of bad servers."""

from __future__ import annotations

from collections.abc import Iterator

from tests.fakes_services import JPEG, http, says
from tests.hostile.urls.answers import CHUNKED, OK, drip, pour
from tests.hostile.urls.case import (
    ANSWERED,
    PICTURE,
    PUBLIC,
    REFUSED,
    TOO_LARGE,
    TOO_SLOW,
    UNREACHABLE,
    Case,
    Script,
    name_of,
)
from tests.hostile.urls.certificates import TRUSTED, can_be_made, over_tls

_GROUP = "behind TLS"


def cases() -> Iterator[Case]:
    """All of them; none where no certificate can be made."""
    if not can_be_made():
        return
    for name, host, of, expected, reason in (
        ("a trusted certificate", TRUSTED, TRUSTED, ANSWERED, ""),
        ("of nobody's", "nobodys.example", "nobodys.example", UNREACHABLE, "certificate"),
        ("of another name", "other.example", TRUSTED, UNREACHABLE, "certificate"),
        ("of a name above", f"a.b.{TRUSTED}", TRUSTED, UNREACHABLE, "certificate"),
    ):
        yield _case(name, over_tls(PICTURE, of), expected, reason, host=host)
    slow: dict[str, Script] = {
        "silence": drip(b"", []),
        "headers, one at a time": drip(OK, [b"A: b\r\n"] * 99),
        "a body, a byte at a time": drip(OK + b"\r\n", [b"x"] * 99),
        "a body that stops": drip(OK + b"\r\nabc", []),
        "chunks of one byte": drip(CHUNKED, [b"1\r\nx\r\n"] * 99),
    }
    for name, script in slow.items():
        yield _case(name, over_tls(script), TOO_SLOW, slow=True)
    endless = over_tls(pour(OK + b"\r\n", bytes(1 << 16)))
    yield _case("a body without end", endless, TOO_LARGE, "too_many_bytes")
    broken = over_tls(says(http(JPEG, length=9999)))
    yield _case("a body that breaks off", broken, UNREACHABLE, "broken_off")
    for place in ("http://127.0.0.1/", "https://[::1]/", "https://10.0.0.1/"):
        moved = over_tls(says(http(b"", f"Location: {place}", status="301 Moved")))
        yield _case(f"a redirect to {place}", moved, REFUSED, "private_address")


def _case(
    name: str,
    script: Script,
    expected: str,
    reason: str = "",
    *,
    host: str = "",
    slow: bool = False,
) -> Case:
    host = host or f"{name_of(_GROUP, name).partition('.')[0]}.{TRUSTED}"
    return Case(
        *(_GROUP, name, f"https://{host}/a.jpg", expected, reason),
        names={host: [[PUBLIC]]},
        sites={host: script},
        slow=slow,
    )
