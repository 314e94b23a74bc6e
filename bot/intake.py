"""The two ways in which updates come: the bot asks for them, or Telegram sends them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from telegram.error import TelegramError

from bot.exits import Exit


class Refused(TelegramError):
    """Telegram does not take what the operator has set; `reason` says so, should that go on."""

    def __init__(self, reason: Exit) -> None:
        super().__init__(str(reason))
        self.reason = reason


class Intake(Protocol):
    """From `start` to `stop` updates go into the application's `DurableUpdates`."""

    @property
    def doing(self) -> str:
        """What the log says that the bot does, once it has started."""
        ...

    async def start(self, allowed_updates: Sequence[str]) -> None:
        """Begin. Raises `TelegramError` (try again), or an `Exit`."""
        ...

    async def stop(self) -> None:
        """End, once what has come is stored."""
        ...
