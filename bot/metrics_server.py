"""`/metrics` and `/healthz` of the bot, answered from threads of their own."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4

from bot import exits

_SLOWEST_CLIENT_S = 5.0
_END_WITHIN_S = 0.2


@contextmanager
def serving(
    address: tuple[str, int], *, metrics: Callable[[], bytes], alive: Callable[[], bool]
) -> Iterator[None]:
    """Answer at `address` for the length of the block. Raises `Misconfigured` where it cannot."""
    try:
        server = _Server(address, metrics, alive)
    except OSError as error:
        raise exits.Misconfigured(
            f"SEMBLANCE_METRICS_BIND cannot be listened on: {error.strerror or error}."
        ) from None
    thread = threading.Thread(
        target=server.serve_forever, args=(_END_WITHIN_S,), name="metrics", daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


class _Server(socketserver.ThreadingTCPServer):
    """Not http.server's own class: that one asks a name server for its name before it listens."""

    allow_reuse_address = True
    daemon_threads = True
    # An answer under way is no reason to stay.
    block_on_close = False

    def __init__(
        self, address: tuple[str, int], metrics: Callable[[], bytes], alive: Callable[[], bool]
    ) -> None:
        self.metrics, self.alive = metrics, alive
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no news, and its address stays out of the log."""


class _Handler(BaseHTTPRequestHandler):
    timeout = _SLOWEST_CLIENT_S
    # Header and body in one segment.
    wbufsize = -1
    server_version, sys_version = "semblance", ""
    server: _Server

    def do_GET(self) -> None:
        """The two routes."""
        if self.path == "/metrics":
            self._answer(200, CONTENT_TYPE_PLAIN_0_0_4, self.server.metrics())
        elif self.path == "/healthz":
            alive = self.server.alive()
            body = b'{"status": "ok"}' if alive else b'{"status": "stuck"}'
            self._answer(200 if alive else 503, "application/json", body)
        else:
            self._answer(404, "application/json", b'{"error": {"code": "not_found"}}')

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Scrapes and probes come for ever; none of them is news."""
