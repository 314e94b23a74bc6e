"""One HTTP exchange with a server whose address was checked beforehand.

The connection goes to the checked address and nowhere else, while SNI, the certificate check and
the Host header keep the name: a name that changes its address in between changes nothing.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import certifi
import h11

from services import VERSION
from services.app_url.answer import Answer
from services.app_url.deadline import TOO_SLOW, Deadline
from services.app_url.pace import Floor, Pace
from services.app_url.urls import Target
from utils import HOMEPAGE
from utils.errors import UrlTooSlow, UrlUnreachable

_HEADERS = (
    ("User-Agent", f"Semblance/{VERSION} (+{HOMEPAGE})"),
    ("Accept", "image/*,*/*;q=0.5"),
    ("Accept-Encoding", "identity"),
    ("Connection", "close"),
)


def public_tls() -> ssl.SSLContext:
    """Certificates checked against the machine's authorities and those of certifi."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


@contextmanager
def answer_of(
    target: Target,
    addresses: Sequence[str],
    deadline: Deadline,
    *,
    connect_timeout_s: float,
    tls: ssl.SSLContext,
    floor: Floor,
    max_bytes: int,
) -> Iterator[Answer]:
    """GET the target; the answer is readable within the block, until the deadline.

    Raises `UrlUnreachable`, `UrlTooSlow` and `ImageTooLarge`, also for what goes wrong within the
    block.
    """
    try:
        line = _connected(addresses, target.port, deadline, connect_timeout_s)
    except OSError as error:
        raise _translated(error, deadline, "no_connection") from None
    try:
        with line, deadline.cutting(line):
            line.settimeout(deadline.remaining_s())
            with _encrypted(line, target, tls) as channel:
                yield Answer(channel, _request(target), deadline, Pace(floor), max_bytes=max_bytes)
    except OSError as error:
        raise _translated(error, deadline, "connection_broke") from None


def _request(target: Target) -> h11.Request:
    headers = [("Host", target.host_header), *_HEADERS]
    return h11.Request(method="GET", target=target.path, headers=headers)


def _connected(
    addresses: Sequence[str], port: int, deadline: Deadline, timeout_s: float
) -> socket.socket:
    """A connection to the first address that takes one."""
    failure: OSError = OSError("no address")
    for address in addresses:
        try:
            return socket.create_connection(
                (address, port), timeout=min(timeout_s, deadline.remaining_s())
            )
        except OSError as error:
            failure = error
    raise failure


def _encrypted(line: socket.socket, target: Target, tls: ssl.SSLContext) -> socket.socket:
    return tls.wrap_socket(line, server_hostname=target.host) if target.is_tls else line


def _translated(error: OSError, deadline: Deadline, reason: str) -> UrlUnreachable | UrlTooSlow:
    what = f"fetch: {type(error).__name__}"
    if deadline.is_over or isinstance(error, TimeoutError):
        return UrlTooSlow(what, reason=TOO_SLOW)
    if isinstance(error, ssl.SSLCertVerificationError):
        sentence = "I cannot trust that server: its certificate is not valid."
        return UrlUnreachable(what, reason="certificate", sentence=sentence)
    return UrlUnreachable(what, reason="tls" if isinstance(error, ssl.SSLError) else reason)
