"""One connection of the webhook: h11 reads and writes what goes over it."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import h11

from bot.webhook.calls import MAX_BODY_BYTES, Head, Verdict

_MAX_HEADER_BYTES = 16 * 1024
_PIECE_BYTES = 64 * 1024
# Whoever is refused is listened to for so long and so far, or would not get to see why.
_LINGER_S = 1.0
_LINGER_BYTES = 128 * 1024


class Line:
    """Requests and answers in turn; to be made and used in one task.

    Its methods raise `OSError` (`TimeoutError` among them) and h11's `ProtocolError`.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=_MAX_HEADER_BYTES)
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - inside a task it is one
        self.task: asyncio.Task[Any] = task
        self._idle = False

    def end_if_idle(self) -> None:
        """Cancel the task where it waits for a request; one that has come is to be answered."""
        if self._idle:
            self.task.cancel()

    async def head(self, timeout_s: float) -> Head | None:
        """The next request up to its body; None where the caller has left."""
        self._idle = True
        try:
            event = await asyncio.wait_for(self._next(), timeout_s)
        finally:
            self._idle = False
        if not isinstance(event, h11.Request):
            return None
        target = event.target.decode("ascii", "replace")
        return Head(event.method.decode("ascii"), target, list(event.headers))

    async def body(self, timeout_s: float) -> bytes | None:
        """The request's body; None as soon as it is too large."""
        return await asyncio.wait_for(self._body(), timeout_s)

    async def _body(self) -> bytes | None:
        body = bytearray()
        while isinstance(event := await self._next(), h11.Data):
            body += event.data
            if len(body) > MAX_BODY_BYTES:
                return None
        return bytes(body)

    async def _next(self) -> Any:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            if self._http.they_are_waiting_for_100_continue:
                await self._send(h11.InformationalResponse(status_code=100, headers=[]))
            self._http.receive_data(await self._reader.read(_PIECE_BYTES))
        return event

    async def answer(self, verdict: Verdict) -> bool:
        """Answer a request that was read to its end; whether another may follow."""
        await self._answer(verdict, [])
        if h11.MUST_CLOSE in (self._http.our_state, self._http.their_state):
            return False
        self._http.start_next_cycle()
        return True

    async def refuse(self, verdict: Verdict) -> None:
        """Answer a request whose rest is of no interest; the connection is of no use any more."""
        await self._answer(verdict, [("Connection", "close")])
        left = _LINGER_BYTES
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LINGER_S):
                while left > 0 and (piece := await self._reader.read(_PIECE_BYTES)):
                    left -= len(piece)

    async def _answer(self, verdict: Verdict, headers: list[tuple[str, str]]) -> None:
        body = verdict.body()
        headers = [*headers, ("Content-Length", str(len(body))), ("Cache-Control", "no-store")]
        if body:
            headers.append(("Content-Type", "application/json"))
        if verdict.retry_in_s is not None:
            headers.append(("Retry-After", str(verdict.retry_in_s)))
        response = h11.Response(status_code=verdict.status, headers=headers)
        await self._send(response, h11.Data(data=body), h11.EndOfMessage())

    async def _send(self, *events: Any) -> None:
        # In one segment, which spares the caller a wait.
        self._writer.write(b"".join(self._http.send(event) or b"" for event in events))
        await self._writer.drain()

    def close(self) -> None:
        """Hang up."""
        self._writer.close()
