"""Handles updates of different chats at the same time, and those of one chat in order."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from weakref import WeakValueDictionary

from telegram import Update
from telegram.ext import BaseUpdateProcessor

from bot.receiver.updates import Announcement

_AT_ONCE = 32


class ChatOrder(BaseUpdateProcessor):
    """One line per chat: a chat that Telegram slows down holds up nobody else."""

    def __init__(self) -> None:
        super().__init__(_AT_ONCE)
        self._lines: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    async def do_process_update(self, update: object, coroutine: Awaitable[object]) -> None:
        """Await the handlers of an update once those before it in its chat have ended."""
        chat_id = _chat_id(update)
        line = self._lines.get(chat_id)
        if line is None:
            line = self._lines[chat_id] = asyncio.Lock()
        async with line:
            await coroutine

    async def initialize(self) -> None:
        """Nothing to prepare."""

    async def shutdown(self) -> None:
        """Nothing to give back."""


def _chat_id(update: object) -> int:
    if isinstance(update, Announcement):
        return update.chat_id
    chat = update.effective_chat if isinstance(update, Update) else None
    return chat.id if chat is not None else 0
