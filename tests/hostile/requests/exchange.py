"""Bytes on a connection, and what comes back, read as HTTP without any mercy."""

from __future__ import annotations

import json
import socket
from contextlib import suppress

from tests.hostile.requests.case import ANSWERED, BARE, CLOSED, REFUSED, Case

_PATIENCE_S = 8.0
# After the answer, for another one that must not come.
_MORE_S = 0.15


def connected(where: str) -> socket.socket:
    """A connection to a unix socket or to host:port."""
    if where.startswith("/"):
        line = socket.socket(socket.AF_UNIX)
        line.settimeout(_PATIENCE_S)
        line.connect(where)
        return line
    host, port = where.split(":")
    return socket.create_connection((host, int(port)), timeout=_PATIENCE_S)


def found(case: Case, where: str, path: str) -> str:
    """What became of a case; in words where it is nothing that may become of any."""
    with connected(where) as line:
        # Whoever refuses early hangs up while the rest is still on its way.
        with suppress(ConnectionError):
            line.sendall(case.make(path))
            if case.ends:
                line.shutdown(socket.SHUT_WR)
        try:
            answers = _read(line, case.answers)
        except TimeoutError:
            return "no answer"
    if not answers:
        return CLOSED
    if len(answers) > case.answers:
        return f"{len(answers)} answers"
    ends = {_judged(*answer) for answer in answers}
    return ends.pop() if len(ends) == 1 else _worst(ends)


def _worst(ends: set[str]) -> str:
    """Of several answers the first that is neither a success nor a refusal, else the refusal."""
    return min(ends - {ANSWERED, REFUSED}, default=REFUSED)


def _read(line: socket.socket, most: int) -> list[tuple[bytes, bytes]]:
    """Heads and bodies until the connection ends or no more is said."""
    answers: list[tuple[bytes, bytes]] = []
    data = b""
    while len(answers) <= most:
        line.settimeout(_MORE_S if answers else _PATIENCE_S)
        try:
            piece = line.recv(65536)
        except ConnectionError:
            piece = b""
        except TimeoutError:
            if answers and not data:
                break
            raise
        data += piece
        while data and (taken := _first(data, ended=not piece)):
            head, body, data = taken
            if not head.startswith((b"HTTP/1.1 100", b"HTTP/1.1 101")):
                answers.append((head, body))
        if not piece:
            break
    return answers


def _first(data: bytes, *, ended: bool) -> tuple[bytes, bytes, bytes] | None:
    """Head and body of the first answer and what follows it, or None where more has to come."""
    if not data.startswith(b"HTTP/"[: len(data)]):
        return (b"", data, b"") if ended else None
    head, end, rest = data.partition(b"\r\n\r\n")
    if not end:
        return None
    fields = {
        name.strip().lower(): value.strip()
        for name, _, value in (line.partition(b":") for line in head.split(b"\r\n")[1:])
    }
    if fields.get(b"transfer-encoding") == b"chunked":
        body, end, rest = rest.partition(b"0\r\n\r\n")
        return (head, body, rest) if end else None
    length = int(fields.get(b"content-length", b"0"))
    return (head, rest[:length], rest[length:]) if len(rest) >= length else None


def _judged(head: bytes, body: bytes) -> str:
    if not head:
        return BARE
    status = int(head.split(b" ", 2)[1])
    if 200 <= status < 300:
        return ANSWERED
    if not 400 <= status < 500:
        return f"status {status}"
    return REFUSED if _has_our_shape(body) else f"status {status} without our shape"


def _has_our_shape(body: bytes) -> bool:
    with suppress(ValueError, TypeError, KeyError):
        error = json.loads(body)["error"]
        return set(error) == {"code", "message", "request_id"} and all(error.values())
    return False
