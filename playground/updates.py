"""The updates that wait for the bot: long polling and confirmation by offset, as Telegram does it.

The *older* of two pollers gets the 409, so two bots on one token take turns in failing.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import deque
from typing import Any

from playground.errors import Conflict, PersonRefused

MAX_PENDING = 10_000
_MAX_TIMEOUT_S = 50.0
_ONLINE_FOR_S = 5.0

OTHER_POLLER = (
    "terminated by other getUpdates request; make sure that only one bot instance is running"
)
WEBHOOK_ACTIVE = (
    "can't use getUpdates method while webhook is active; "
    "use deleteWebhook to delete the webhook first"
)
WEBHOOK_SET = "terminated by setWebhook request"


class UpdateQueue:
    """Updates in order of their ids; safe to use from many threads."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._pending: deque[dict[str, Any]] = deque()
        # A random start, so that a bot with a durable queue does not take the first updates of a
        # new run for updates that it has seen in the last one.
        self._next_id = secrets.randbelow(2**30) + 1
        self._poll = 0
        self._polling = 0
        self._polled_at = float("-inf")
        self._closed = False
        self.allowed: tuple[str, ...] = ()
        self.webhook_url = ""

    def put(self, kind: str, payload: dict[str, Any]) -> int | None:
        """Add an update; its id, or None where the bot did not ask for this kind."""
        with self._changed:
            if self.allowed and kind not in self.allowed:
                return None
            update_id = self._next_id
            self._next_id += 1
            self._pending.append({"update_id": update_id, kind: payload})
            self._changed.notify_all()
            return update_id

    def check_room(self, count: int) -> None:
        """Refuse more updates while no bot takes those that wait."""
        if len(self._pending) + count > MAX_PENDING:
            sentence = f"{MAX_PENDING:,} messages wait already and no bot takes them."
            raise PersonRefused(503, "bot_away", sentence)

    def poll(self, offset: int, limit: int, timeout_s: float) -> list[dict[str, Any]]:
        """Updates from `offset` on, waiting for the first; those below `offset` are confirmed."""
        with self._changed:
            if self.webhook_url:
                raise Conflict(WEBHOOK_ACTIVE)
            self._poll += 1
            mine = self._poll
            self._changed.notify_all()
            self._confirm(offset)
            self._polling += 1
            try:
                return self._wait(mine, limit, min(timeout_s, _MAX_TIMEOUT_S))
            finally:
                self._polling -= 1
                self._polled_at = time.monotonic()

    def _confirm(self, offset: int) -> None:
        if offset < 0:
            while len(self._pending) > -offset:
                self._pending.popleft()
        elif offset <= self._next_id:
            while self._pending and self._pending[0]["update_id"] < offset:
                self._pending.popleft()

    def _wait(self, mine: int, limit: int, timeout_s: float) -> list[dict[str, Any]]:
        deadline = time.monotonic() + timeout_s
        while True:
            if mine != self._poll:
                raise Conflict(OTHER_POLLER)
            if self.webhook_url:
                raise Conflict(WEBHOOK_SET)
            left = deadline - time.monotonic()
            if self._pending or self._closed or left <= 0:
                return [self._pending[i] for i in range(min(limit, len(self._pending)))]
            self._changed.wait(left)

    def set_webhook(self, url: str, *, drop_pending: bool) -> bool:
        """Set or (with an empty URL) delete the webhook; whether that changed anything."""
        with self._changed:
            if drop_pending:
                self._pending.clear()
            changed = url != self.webhook_url
            self.webhook_url = url
            self._changed.notify_all()
            return changed

    @property
    def pending(self) -> int:
        """How many updates wait."""
        return len(self._pending)

    @property
    def online(self) -> bool:
        """Whether a bot is polling, or did so a moment ago."""
        return self._polling > 0 or time.monotonic() - self._polled_at < _ONLINE_FOR_S

    def close(self) -> None:
        """Let go of everyone who waits."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
