"""Clients that ask the same thing again and again, as cheaply as Python can, and what they saw.

They share the processor with what is measured, so the request is made once and an answer is
read without being looked at.
"""

from __future__ import annotations

import math
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Self

_TIMEOUT_S = 120.0
_LOOK_EVERY_S = 0.01


class RequestFailed(Exception):
    """An answer other than 200, or none."""


@dataclass(frozen=True)
class Ask:
    """A request and where it goes: a unix socket's path, or host:port."""

    where: str
    path: str
    body: bytes
    accept: str = "*/*"

    def encode(self) -> bytes:
        """Its bytes on the wire."""
        head = (
            f"POST {self.path} HTTP/1.1\r\nHost: benchmark\r\nAccept: {self.accept}\r\n"
            f"Content-Type: image/jpeg\r\nContent-Length: {len(self.body)}\r\n\r\n"
        )
        return head.encode() + self.body


class Client:
    """One kept connection."""

    def __init__(self, ask: Ask) -> None:
        self._data, self._socket = ask.encode(), connected(ask.where)

    def ask(self) -> int:
        """Send it once and read the answer; the length of its body. Raises `RequestFailed`."""
        self._socket.sendall(self._data)
        head = bytearray()
        while b"\r\n\r\n" not in head:
            piece = self._socket.recv(65536)
            if not piece:
                raise RequestFailed("the connection was closed")
            head += piece
        lines, _, body = bytes(head).partition(b"\r\n\r\n")
        length = _content_length(lines)
        left = length - len(body)
        while left > 0:
            piece = self._socket.recv(min(left, 1 << 20))
            if not piece:
                raise RequestFailed("the connection was closed within an answer")
            left -= len(piece)
        if not lines.startswith(b"HTTP/1.1 200 "):
            raise RequestFailed(lines.partition(b"\r\n")[0].decode("latin-1"))
        return length

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()


def connected(where: str) -> socket.socket:
    """A socket to a unix socket's path, or to host:port. Raises `OSError`."""
    if not where.startswith("/"):
        host, _, port = where.rpartition(":")
        tcp = socket.create_connection((host, int(port)), _TIMEOUT_S)
        tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return tcp
    unix = socket.socket(socket.AF_UNIX)
    unix.settimeout(_TIMEOUT_S)
    try:
        unix.connect(where)
    except OSError:
        unix.close()
        raise
    return unix


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return int(value)
    raise RequestFailed("an answer without Content-Length")


@dataclass(frozen=True)
class Seen:
    """What the clients saw: answers within the window and how long each took, and all answers."""

    seconds: float
    latencies_ms: Sequence[float]
    answers_in_all: int

    @property
    def per_s(self) -> float:
        """Answers per second."""
        return len(self.latencies_ms) / self.seconds


@dataclass
class _Notes:
    """(finished_at, latency_s) of every answer, and what went wrong."""

    answers: list[tuple[float, float]] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)


def drive(ask: Ask, *, at_once: int, seconds: float, least: int = 1) -> Seen:
    """Keep `at_once` requests going; count for `seconds` and until there are `least` answers.

    Nothing counts before every client has had an answer. Raises `RequestFailed`.
    """
    notes = _Notes()
    clients = [
        threading.Thread(target=_ask_on, args=(ask, notes), daemon=True) for _ in range(at_once)
    ]
    for client in clients:
        client.start()
    _until(notes, lambda: len(notes.answers) >= at_once)
    begin = time.perf_counter()
    before = len(notes.answers)
    _until(
        notes,
        lambda: (
            time.perf_counter() - begin >= seconds and len(notes.answers) - before >= max(1, least)
        ),
    )
    inside = len(notes.answers)
    notes.stop.set()
    for client in clients:
        client.join(_TIMEOUT_S)
    if notes.failures:
        raise RequestFailed(str(notes.failures[0])) from notes.failures[0]
    return window(notes.answers, before, inside)


def window(answers: Sequence[tuple[float, float]], before: int, inside: int) -> Seen:
    """From the last answer of the first `before` to the last of the first `inside`.

    Between two answers, because a slow service gives few: with the ends of the window anywhere
    else a part of an answer would be lost or won.
    """
    counted = sorted(answers[:inside])
    begin, end = counted[before - 1][0], counted[-1][0]
    return Seen(end - begin, [1000 * taken for _, taken in counted[before:]], len(answers))


def _until(notes: _Notes, reached: Callable[[], bool]) -> None:
    ends_at = time.perf_counter() + _TIMEOUT_S
    while not reached():
        if notes.failures or time.perf_counter() > ends_at:
            notes.stop.set()
            raise RequestFailed(str(notes.failures[0]) if notes.failures else "no answers in time")
        time.sleep(_LOOK_EVERY_S)


def _ask_on(ask: Ask, notes: _Notes) -> None:
    try:
        with Client(ask) as client:
            while not notes.stop.is_set():
                start = time.perf_counter()
                client.ask()
                end = time.perf_counter()
                notes.answers.append((end, end - start))
    except (OSError, RequestFailed) as error:
        notes.failures.append(error)


def percentile(values: Sequence[float], per_cent: float) -> float:
    """The smallest value that so many per cent of the values do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * per_cent / 100) - 1)]
