"""What the bot asked of the playground: methods and statuses, never a text or a picture."""

from __future__ import annotations

import itertools
from collections import deque
from typing import Any

MAX_CALLS = 20_000


class CallLog:
    """The last calls, each with a number that grows."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._calls: deque[dict[str, Any]] = deque(maxlen=MAX_CALLS)

    def note(self, method: str, status: int, chat_id: int, description: str = "") -> None:
        """Remember one call; `description` says why it was refused."""
        self._calls.append(
            {
                "number": next(self._numbers),
                "method": method,
                "status": status,
                "chat_id": chat_id or None,
                "description": description,
            }
        )

    def after(self, number: int) -> list[dict[str, Any]]:
        """The calls noted after the one with this number."""
        return [call for call in list(self._calls) if call["number"] > number]
