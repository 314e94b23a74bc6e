"""A small HTTP/1.1 server in the bot's own event loop.

Nothing is read beyond what was judged worth it, and every step has its time.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

import h11

from bot import exits
from bot.webhook.calls import BUSY, Head, Verdict
from bot.webhook.line import Line

# Telegram opens up to a hundred; the rest is for those who look whether the bot lives.
_MAX_CONNECTIONS = 128
# Longer than the proxies before it keep an idle connection: it is theirs to hang up.
_IDLE_S = 75.0
_BODY_S = 15.0


class Calls(Protocol):
    """Who decides; see `bot.webhook.calls`."""

    def judge(self, head: Head) -> Verdict | None:
        """What can be said without the body; None: `take` it."""
        ...

    async def take(self, body: bytes | None) -> Verdict:
        """Deal with a body (None: it was too large)."""
        ...


class WebhookServer:
    """Listens from `start` to `stop`."""

    def __init__(
        self,
        calls: Calls,
        *,
        idle_s: float = _IDLE_S,
        body_s: float = _BODY_S,
        max_connections: int = _MAX_CONNECTIONS,
    ) -> None:
        self._calls, self._idle_s, self._body_s = calls, idle_s, body_s
        self._max_connections = max_connections
        self._server: asyncio.Server | None = None
        self._lines: set[Line] = set()
        self._stopping = False

    async def start(self, address: tuple[str, int]) -> int:
        """Listen; on which port. Raises `Misconfigured` where that cannot be."""
        try:
            self._server = await asyncio.start_server(self._serve, *address)
        except OSError as error:
            raise exits.Misconfigured(
                f"SEMBLANCE_WEBHOOK_BIND cannot be listened on: {error.strerror or error}."
            ) from None
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Take no more calls; return once those that are being taken are answered."""
        self._stopping = True
        if self._server is not None:
            self._server.close()
        for line in self._lines:
            line.end_if_idle()
        await asyncio.gather(*(line.task for line in self._lines), return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = Line(reader, writer)
        self._lines.add(line)
        try:
            if len(self._lines) > self._max_connections:
                await line.refuse(BUSY)
            else:
                await self._converse(line)
        except (OSError, h11.ProtocolError):
            # The caller has left, is too slow, or speaks something else.
            pass
        except asyncio.CancelledError:
            if not self._stopping:
                raise
        finally:
            self._lines.discard(line)
            line.close()

    async def _converse(self, line: Line) -> None:
        while not self._stopping:
            try:
                head = await line.head(self._idle_s)
            except h11.RemoteProtocolError:
                await line.refuse(Verdict(400, "bad_request"))
                return
            if head is None or not await self._answer(line, head):
                return

    async def _answer(self, line: Line, head: Head) -> bool:
        """Whether the connection may be used again."""
        verdict = self._calls.judge(head)
        if verdict is None or verdict.status == 200:
            body = await line.body(self._body_s)
            verdict = verdict or await self._calls.take(body)
        if verdict.status == 200:
            return await line.answer(verdict)
        await line.refuse(verdict)
        return False
