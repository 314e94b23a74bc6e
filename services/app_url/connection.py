"""One HTTP exchange with a server whose address was checked beforehand.

The connection goes to the checked address and nowhere else, while SNI, the certificate check and
the Host header keep the name: a name that changes its address in between changes nothing.
"""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import certifi

from services import VERSION
from services.app_url.deadline import Deadline
from services.app_url.urls import Target
from utils.errors import UrlTooSlow, UrlUnreachable

_HEADERS = {
    "User-Agent": f"Semblance/{VERSION}",
    "Accept": "image/*,*/*;q=0.5",
    "Accept-Encoding": "identity",
    "Connection": "close",
}


def public_tls() -> ssl.SSLContext:
    """Certificates checked against the machine's authorities and those of certifi."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


class _Prepared(http.client.HTTPConnection):
    """An HTTP connection over a socket that somebody else connected."""

    def __init__(self, target: Target, line: socket.socket) -> None:
        super().__init__(target.host, target.port)
        self._line = line

    def connect(self) -> None:
        self.sock = self._line


@contextmanager
def answer_of(
    target: Target,
    addresses: Sequence[str],
    deadline: Deadline,
    *,
    connect_timeout_s: float,
    tls: ssl.SSLContext,
) -> Iterator[http.client.HTTPResponse]:
    """GET the target; the answer is readable within the block, until the deadline.

    Raises `UrlUnreachable` and `UrlTooSlow`, also for what goes wrong within the block.
    """
    try:
        line = _connected(addresses, target.port, deadline, connect_timeout_s)
        with line, deadline.cutting(line):
            line.settimeout(deadline.remaining_s())
            with _encrypted(line, target, tls) as channel:
                connection = _Prepared(target, channel)
                connection.request(
                    "GET", target.path, headers=_HEADERS | {"Host": target.host_header}
                )
                with connection.getresponse() as response:
                    yield response
    except (OSError, UnicodeError, http.client.HTTPException) as error:
        raise _translated(error, deadline) from None


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


def _translated(error: Exception, deadline: Deadline) -> UrlUnreachable | UrlTooSlow:
    what = type(error).__name__
    if deadline.is_over or isinstance(error, TimeoutError):
        return UrlTooSlow(f"fetch: {what}")
    if isinstance(error, ssl.SSLCertVerificationError):
        sentence = "I cannot trust that server: its certificate is not valid."
        return UrlUnreachable(f"fetch: {what}", sentence=sentence)
    return UrlUnreachable(f"fetch: {what}")
