"""Redirects and pages, which lead from one place to the next."""

from __future__ import annotations

import itertools
import socket
import time
from collections.abc import Iterator

from tests.fakes_services import header_of, http, says
from tests.hostile.urls.case import (
    ANSWERED,
    NO_IMAGE,
    PICTURE,
    PUBLIC,
    REFUSED,
    TOO_SLOW,
    UNREACHABLE,
    Case,
    Script,
    name_of,
    served,
)

_PAGE = "Content-Type: text/html"
# Where a redirect or a page may try to lead, and why it does not.
_INSIDE = {
    "loopback": ("http://127.0.0.1/", "private_address"),
    "localhost": ("http://localhost/", "private_address"),
    "a cloud's metadata": ("http://169.254.169.254/latest/meta-data/", "private_address"),
    "a private address": ("http://10.0.0.1/", "private_address"),
    "IPv6 loopback": ("http://[::1]/", "private_address"),
    "IPv4-mapped": ("http://[::ffff:127.0.0.1]/", "private_address"),
    "NAT64": ("http://[64:ff9b::7f00:1]/", "private_address"),
    "6to4": ("http://[2002:7f00:1::]/", "private_address"),
    "Teredo": ("http://[2001::1]/", "private_address"),
    "unique local, https": ("https://[fd00:ec2::254]/", "private_address"),
    "full-width digits": ("http://\uff11\uff12\uff17.0.0.1/", "private_address"),
    "decimal": ("http://2130706433/", "odd_address"),
    "octal": ("http://0177.0.0.1/", "odd_address"),
    "hexadecimal": ("http://0x7f.1/", "odd_address"),
    "short": ("http://127.1/", "odd_address"),
    "no scheme, loopback": ("//127.0.0.1/", "private_address"),
    "another port": (f"http://{PUBLIC}:6379/", "port"),
    "a port of loopback": ("http://127.0.0.1:8080/", "port"),
    "a user name": (f"http://a:b@{PUBLIC}/", "userinfo"),
    "a zone": ("http://[fe80::1%25eth0]/", "zone"),
    "brackets around a name": ("http://[localhost]/", ""),
    "file": ("file:///etc/passwd", "scheme"),
    "data": ("data:image/png;base64,AAAA", "scheme"),
    "ftp": ("ftp://127.0.0.1/", "scheme"),
    "gopher": ("gopher://127.0.0.1:6379/_FLUSHALL", "scheme"),
    "jar": ("jar:http://127.0.0.1!/", "scheme"),
    "dict": ("dict://127.0.0.1:11211/", "scheme"),
    "a backslash": ("http:\\\\127.0.0.1\\", "characters"),
    "a tab": ("http://127.0.\t0.1/", "characters"),
    "too long": ("/" + "a" * 5000, "too_long"),
}


def cases() -> Iterator[Case]:
    """All of them."""
    for name, (place, reason) in _INSIDE.items():
        yield served("redirects", f"to {name}", _moved(place), REFUSED, reason)
        yield served("pages", f"to {name}", _page(place), REFUSED, reason)
    yield from _by_name()
    yield from _chains()
    yield from _pages()


def _by_name() -> Iterator[Case]:
    for status in (301, 302, 303, 307, 308):
        name = f"{status} to a name that leads inside"
        host, inner = name_of("redirects", name), f"inner{status}.example"
        yield Case(
            *("redirects", name, f"http://{host}/", REFUSED, "private_address"),
            names={host: [[PUBLIC]], inner: [["10.0.0.1"]]},
            sites={host: _moved(f"http://{inner}/", f"{status} Moved")},
        )
    name = "to its own name, which has moved inside"
    host = name_of("redirects", name)
    yield Case(
        *("redirects", name, f"http://{host}/", REFUSED, "private_address"),
        names={host: [[PUBLIC], ["127.0.0.1"]]},
        sites={host: _moved("/again")},
    )
    name = "to its own name, with one address more"
    host = name_of("redirects", name)
    yield Case(
        *("redirects", name, f"http://{host}/", REFUSED, "private_address"),
        names={host: [[PUBLIC], [PUBLIC, "169.254.169.254"]]},
        sites={host: _moved("/again")},
    )


def _chains() -> Iterator[Case]:
    yield served("redirects", "a loop", _moved("/again"), REFUSED, "too_many_redirects")
    yield served(
        *("redirects", "a loop with a longer path each time", _longer),
        *(REFUSED, "too_many_redirects"),
    )
    names = [f"chain{number}.example" for number in range(9)]
    for length, expected, reason in (
        (3, ANSWERED, ""),
        (4, REFUSED, "too_many_redirects"),
        (8, REFUSED, "too_many_redirects"),
    ):
        hosts = [f"of{length}-{each}" for each in names[: length + 1]]
        yield Case(
            *("redirects", f"a chain of {length}", f"http://{hosts[0]}/", expected, reason),
            names={each: [[PUBLIC]] for each in hosts},
            sites={a: _moved(f"http://{b}/") for a, b in itertools.pairwise(hosts)},
        )
    hosts = [f"in{number}.example" for number in range(3)]
    yield Case(
        *("redirects", "the third hop leads inside", "http://in0.example/"),
        *(REFUSED, "private_address"),
        names={each: [[PUBLIC]] for each in hosts},
        sites={
            "in0.example": _moved("http://in1.example/"),
            "in1.example": _moved("http://in2.example/"),
            "in2.example": _moved("http://192.168.1.1/"),
        },
    )
    yield served("redirects", "to nowhere", _moved(""), UNREACHABLE, "status")
    two = says(http(b"", "Location: /a", "Location: /b", status="302 Found"))
    yield served("redirects", "to two places", two, REFUSED, "too_many_redirects")
    hide = says(http(b"", f"Location: http://{PUBLIC}/", "Set-Cookie: a=b", status="302 Found"))
    yield served("redirects", "with a cookie", hide, ANSWERED)
    refresh = says(http(b"moved", "Refresh: 0; url=http://127.0.0.1/"))
    yield served("redirects", "by Refresh, which is no redirect", refresh, ANSWERED)
    hosts = [f"late{number}.example" for number in range(4)]
    yield Case(
        *("slow", "each hop takes most of the time", "http://late0.example/", TOO_SLOW, "too_slow"),
        names={each: [[PUBLIC]] for each in hosts},
        sites={a: _late(f"http://{b}/") for a, b in itertools.pairwise(hosts)},
        slow=True,
    )


def _pages() -> Iterator[Case]:
    yield served("pages", "that name no picture", says(http(b"<html>", _PAGE)), NO_IMAGE, "page")
    yield served("pages", "that name themselves", _page("/a.jpg"), NO_IMAGE, "page")
    host, inner = name_of("pages", "a name inside"), "inner-page.example"
    yield Case(
        *("pages", "to a name that leads inside", f"http://{host}/", REFUSED, "private_address"),
        names={host: [[PUBLIC]], inner: [["172.17.0.1"]]},
        sites={host: _page(f"http://{inner}/")},
    )
    yield Case(
        *("pages", "to a redirect that leads inside", "http://page-hop.example/"),
        *(REFUSED, "private_address"),
        names={"page-hop.example": [[PUBLIC]], "page-hop2.example": [[PUBLIC]]},
        sites={
            "page-hop.example": _page("http://page-hop2.example/"),
            "page-hop2.example": _moved("http://169.254.169.254/"),
        },
    )
    yield Case(
        *("pages", "to a picture elsewhere", "http://page-good.example/", ANSWERED),
        names={"page-good.example": [[PUBLIC]], "page-good2.example": [["8.8.4.4"]]},
        sites={
            "page-good.example": _page("http://page-good2.example/b.jpg"),
            "page-good2.example": PICTURE,
        },
    )
    for name, body in {
        "of very many tags": b"<html>" + b"<meta a=b>" * 60_000,
        "of open tags": b"<html>" + b"<meta " * 90_000,
        "of one tag": b"<html><meta " + b"a" * 600_000,
        "of quotes": b"<html>" + b"<meta content='" * 40_000,
        "of comments that do not close": b"<html>" + b"<!--" * 150_000,
    }.items():
        yield served("pages", name, says(http(body, _PAGE)), NO_IMAGE, "page")
    entity = b"<html><meta property=og:image content='http&#58;//127.0.0.1&#x2f;'>"
    yield served(
        "pages", "to loopback, escaped", says(http(entity, _PAGE)), REFUSED, "private_address"
    )
    base = b"<html><base href='http://127.0.0.1/'><meta property=og:image content='/a.jpg'>"
    yield served(
        "pages", "with a base that leads inside", says(http(base, _PAGE)), NO_IMAGE, "page"
    )


def _moved(place: str, status: str = "302 Found") -> Script:
    return says(_redirect(place, status))


def _redirect(place: str, status: str = "302 Found") -> bytes:
    location = f"Location: {place}\r\n" if place else ""
    return f"HTTP/1.1 {status}\r\n{location}Content-Length: 0\r\n\r\n".encode()


def _page(place: str) -> Script:
    page = f'<!doctype html><meta property="og:image" content="{place}">'
    return says(http(page.encode(), _PAGE))


def _longer(line: socket.socket) -> None:
    path = header_of(line).split(b" ")[1].decode()
    line.sendall(_redirect(f"{path}x"))


def _late(place: str) -> Script:
    def script(line: socket.socket) -> None:
        header_of(line)
        time.sleep(1.2)
        line.sendall(_redirect(place))

    return script
