"""What a fetch tells about us, and whom it does not ask: proxies, cookies, credentials."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator

from tests.fakes_services import JPEG, header_of, http
from tests.hostile.urls.case import ANSWERED, PUBLIC, Case, Script, name_of, served
from utils import HOMEPAGE, VERSION

# Set for the process that fetches; a connection to it would be found out.
PROXY = "http://10.255.255.1:3128"
PROXIES = {
    name: PROXY
    for each in ("http", "https", "all", "ftp")
    for name in (f"{each}_proxy", f"{each}_proxy".upper())
}
_SENT = ["accept", "accept-encoding", "connection", "host", "user-agent"]


def cases() -> Iterator[Case]:
    """All of them: a picture is answered where the request is as it should be, else a 400."""
    yield served("manners", "headers", _where(_is_plain), ANSWERED)
    yield served("manners", "an honest User-Agent", _where(_is_honest), ANSWERED)
    host = name_of("manners", "a path")
    yield Case(
        *("manners", "the target is a path, not that of a proxy", f"http://{host}/p%20q?x=1#frag"),
        ANSWERED,
        names={host: [[PUBLIC]]},
        sites={host: _where(lambda head: head.startswith("GET /p%20q?x=1 HTTP/1.1\r\n"))},
    )
    for what in ("Set-Cookie: a=b", "WWW-Authenticate: Basic", "Authentication-Info: a=b"):
        first, second = name_of("manners", f"1 {what}"), name_of("manners", f"2 {what}")
        yield Case(
            *("manners", f"after {what}", f"http://{first}/", ANSWERED),
            names={first: [[PUBLIC]], second: [[PUBLIC]]},
            sites={first: _moved(second, what), second: _where(_is_plain)},
        )


def _moved(host: str, header: str) -> Script:
    def script(line: socket.socket) -> None:
        header_of(line)
        line.sendall(http(b"", f"Location: http://{host}/", header, status="302 Found"))

    return script


def _where(condition: Callable[[str], bool]) -> Script:
    def script(line: socket.socket) -> None:
        good = condition(header_of(line).decode())
        line.sendall(http(JPEG) if good else http(b"", status="400 Bad Request"))

    return script


def _is_plain(head: str) -> bool:
    names = [line.partition(":")[0].lower() for line in head.strip().split("\r\n")[1:]]
    return sorted(names) == _SENT


def _is_honest(head: str) -> bool:
    return f"\r\nUser-Agent: Semblance/{VERSION} (+{HOMEPAGE})\r\n" in head
