"""Whether a program is ready: by asking its route, or by its own READY=1 message.

The message is systemd's sd_notify protocol, so that the same programs run under systemd as well.
"""

from __future__ import annotations

import http.client
import socket
from pathlib import Path
from urllib.parse import urlsplit

from launcher.plan import Program

_TIMEOUT_S = 1.0


class Readiness:
    """Asks the programs of one run, whose notification sockets live in the folder `run`."""

    def __init__(self, run: Path) -> None:
        self._run = run
        self._sockets: dict[str, socket.socket] = {}
        self.status: dict[str, str] = {}

    def notify_socket(self, program: Program) -> str:
        """The path of a program's notification socket; empty for one that is asked instead."""
        if program.ready is not None:
            return ""
        path = str(self._run / f"{program.name}.notify")
        if program.name not in self._sockets:
            receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            receiver.bind(path)
            receiver.setblocking(False)
            self._sockets[program.name] = receiver
        return path

    def forget(self, program: Program) -> None:
        """Drop what an earlier life of the program said."""
        while self._received(program.name):
            continue

    def of(self, program: Program) -> bool:
        """Whether the program is ready now."""
        if program.ready is None:
            message = self._received(program.name).decode("utf-8", "replace").splitlines()
            self.status.update(
                (program.name, line[7:]) for line in message if line.startswith("STATUS=")
            )
            return "READY=1" in message
        try:
            return _answers_200(program.ready)
        except (OSError, http.client.HTTPException):
            return False

    def close(self) -> None:
        """Close the sockets."""
        for receiver in self._sockets.values():
            receiver.close()

    def _received(self, name: str) -> bytes:
        receiver = self._sockets.get(name)
        try:
            return receiver.recv(4096) if receiver else b""
        except BlockingIOError:
            return b""


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=_TIMEOUT_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(_TIMEOUT_S)
        self.sock.connect(self._path)


def _answers_200(where: str) -> bool:
    connection: http.client.HTTPConnection
    if where.startswith("unix:"):
        _, path, route = where.split(":", 2)
        connection = _UnixConnection(path)
    else:
        parts = urlsplit(where)
        connection = http.client.HTTPConnection(parts.netloc, timeout=_TIMEOUT_S)
        route = parts.path
    try:
        connection.request("GET", route)
        return connection.getresponse().status == 200
    finally:
        connection.close()
