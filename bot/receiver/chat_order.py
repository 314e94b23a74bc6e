"""Handles updates of different chats at the same time, and those of one chat in order."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from weakref import WeakValueDictionary

from telegram.ext import BaseUpdateProcessor

from bot.receiver.updates import chat_id_of

# More than can be unanswered at once: those who wait for their chat's line hold a place too.
_AT_ONCE = 1000


class ChatOrder(BaseUpdateProcessor):
    """One line per chat: a chat that Telegram slows down holds up nobody else."""

    def __init__(self, *, on_handled: Callable[[object], None]) -> None:
        super().__init__(_AT_ONCE)
        self._on_handled = on_handled
        self._lines: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    async def do_process_update(self, update: object, coroutine: Awaitable[object]) -> None:
        """Await the handlers of an update once those before it in its chat have ended."""
        chat_id = chat_id_of(update)
        line = self._lines.get(chat_id)
        if line is None:
            line = self._lines[chat_id] = asyncio.Lock()
        try:
            async with line:
                await coroutine
        finally:
            self._on_handled(update)

    async def initialize(self) -> None:
        """Nothing to prepare."""

    async def shutdown(self) -> None:
        """Nothing to give back."""
