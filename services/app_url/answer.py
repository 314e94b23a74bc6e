"""A stranger's answer in HTTP/1.1, read from a socket and believed in nothing.

h11 reads the protocol; everything is bounded here: the head, what may come before it, the bytes on
the wire, the size of pieces, the pace.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator

import h11

from services.app_url.deadline import Deadline
from services.app_url.pace import Pace
from utils.errors import ImageTooLarge, UrlUnreachable

_MAX_HEAD_BYTES = 16_384
_MAX_FIELDS = 100
_MAX_INTERIM = 4  # 100 Continue, 103 Early Hints
_HEAD_PIECE_BYTES, _PIECE_BYTES = 2048, 1 << 16
# Chunks may be small, but a body of tiny ones costs us much more than it costs its sender.
_FREE_CHUNKS, _BYTES_PER_CHUNK = 1000, 64


class Answer:
    """One answer; made when its head is read.

    `max_bytes` bounds the body as it comes over the wire, framing included up to a quarter more.
    Every method raises `UrlUnreachable`, `UrlTooSlow`, `ImageTooLarge` or `OSError`.
    """

    def __init__(
        self,
        line: socket.socket,
        request: h11.Request,
        deadline: Deadline,
        pace: Pace,
        *,
        max_bytes: int,
    ) -> None:
        self._line, self._deadline, self._pace = line, deadline, pace
        self._max_bytes = max_bytes
        self._max_wire_bytes = _MAX_HEAD_BYTES + _PIECE_BYTES + max_bytes + max_bytes // 4
        self._wire_bytes = 0
        self._ended = self._in_body = False
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MAX_HEAD_BYTES)
        self._ask(request)
        self._head = self._read_head()
        self.status: int = self._head.status_code
        self._in_body = True
        self._pace.rest()
        if begun := len(self._http.trailing_data[0]):
            self._pace.came(begun)

    def header(self, name: str) -> str:
        """All values of a header, joined by commas; empty where there is none."""
        wanted = name.lower().encode()
        # Nothing but ASCII is proper, but addresses are sent as raw UTF-8.
        values = (value for known, value in self._head.headers if known == wanted)
        return b", ".join(values).decode("utf-8", "replace")

    @property
    def announced_bytes(self) -> int:
        """What the body is said to have, 0 where nothing is said."""
        length = self.header("Content-Length")
        return int(length) if length.isdecimal() else 0

    def pieces(self) -> Iterator[bytes]:
        """The body, as it is sent."""
        n_pieces = n_bytes = 0
        while isinstance(event := self._next(_PIECE_BYTES), h11.Data):
            n_pieces += 1
            n_bytes += len(event.data)
            if n_bytes > self._max_bytes:
                raise ImageTooLarge(
                    f"an answer of more than {self._max_bytes} bytes", reason="too_many_bytes"
                )
            if n_pieces > _FREE_CHUNKS + n_bytes // _BYTES_PER_CHUNK:
                raise UrlUnreachable("a body of tiny chunks", reason="tiny_chunks")
            yield bytes(event.data)

    def _ask(self, request: h11.Request) -> None:
        data = (self._http.send(request) or b"") + (self._http.send(h11.EndOfMessage()) or b"")
        self._line.settimeout(self._deadline.remaining_s())
        self._line.sendall(data)

    def _read_head(self) -> h11.Response:
        for _ in range(_MAX_INTERIM + 1):
            event = self._next(_HEAD_PIECE_BYTES)
            if not isinstance(event, h11.InformationalResponse):
                break
        if isinstance(event, h11.InformationalResponse):
            raise UrlUnreachable("one interim answer after the other", reason="interim_answers")
        if not isinstance(event, h11.Response):
            raise UrlUnreachable("no answer", reason="not_http")
        if len(event.headers) > _MAX_FIELDS:
            raise UrlUnreachable(f"{len(event.headers)} header fields", reason="head_too_large")
        return event

    def _next(self, piece_bytes: int) -> object:
        """The next event, read as far as needed."""
        try:
            while (event := self._http.next_event()) is h11.NEED_DATA:
                self._http.receive_data(self._receive(piece_bytes))
        except h11.RemoteProtocolError as error:
            raise self._translated(error) from None
        return event

    def _receive(self, piece_bytes: int) -> bytes:
        """Some bytes of the wire; none where the other side has ended."""
        while True:
            self._line.settimeout(min(self._deadline.remaining_s(), self._pace.patience_s()))
            try:
                data = self._line.recv(piece_bytes)
            except TimeoutError:
                self._deadline.remaining_s()
                self._pace.came(0)
                continue
            # The deadline cuts the line, which looks as if the other side had ended.
            self._deadline.remaining_s()
            self._ended = not data
            self._pace.came(len(data))
            self._wire_bytes += len(data)
            if self._wire_bytes > self._max_wire_bytes:
                raise ImageTooLarge(f"{self._wire_bytes} bytes sent", reason="too_many_bytes")
            return data

    def _translated(self, error: h11.RemoteProtocolError) -> UrlUnreachable:
        if self._ended and self._in_body:
            return UrlUnreachable(
                "the answer broke off",
                reason="broken_off",
                sentence="That server broke off in the middle of the picture.",
            )
        too_large = error.error_status_hint == 431
        return UrlUnreachable(
            f"not an answer in HTTP: {error}", reason="head_too_large" if too_large else "not_http"
        )
