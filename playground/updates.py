"""The updates that wait for the bot: long polling and confirmation by offset, as Telegram does it.

The *older* of two pollers gets the 409, so two bots on one token take turns in failing. Where a
webhook is set, `playground.delivery` takes the updates instead: one line a chat, each in order.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import deque
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Webhook:
    """Where updates are to be sent, and the word that goes along; an empty URL is none."""

    url: str = ""
    secret: str = ""
    max_connections: int = 40


@dataclass(frozen=True)
class Failure:
    """The last delivery that failed."""

    date: int
    message: str


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
        self.webhook = Webhook()
        self.failure: Failure | None = None
        self._delivering = False
        self._lines: set[int] = set()

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
            if self.webhook.url:
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
            if self.webhook.url:
                raise Conflict(WEBHOOK_SET)
            left = deadline - time.monotonic()
            if self._pending or self._closed or left <= 0:
                return [self._pending[i] for i in range(min(limit, len(self._pending)))]
            self._changed.wait(left)

    def set_webhook(self, webhook: Webhook, *, drop_pending: bool) -> bool:
        """Set or (with an empty URL) delete the webhook; whether that changed anything."""
        with self._changed:
            if drop_pending:
                self._pending.clear()
            changed = webhook != self.webhook
            if changed:
                self.webhook, self.failure = webhook, None
            self._delivering = True
            self._changed.notify_all()
            return changed

    def open_line(self) -> int | None:
        """A chat whose updates nobody delivers yet, once there is one; None at the end."""
        with self._changed:
            while not self._closed:
                if self.webhook.url and len(self._lines) < self.webhook.max_connections:
                    for update in self._pending:
                        if (chat_id := _chat_id(update)) not in self._lines:
                            self._lines.add(chat_id)
                            return chat_id
                self._changed.wait()
            return None

    def next_in_line(self, chat_id: int) -> tuple[Webhook, dict[str, Any]] | None:
        """The chat's first update and where to send it; None closes the line."""
        with self._changed:
            if self.webhook.url and not self._closed:
                for update in self._pending:
                    if _chat_id(update) == chat_id:
                        return self.webhook, update
            self._lines.discard(chat_id)
            self._changed.notify_all()
            return None

    def delivered(self, update: dict[str, Any]) -> None:
        """The webhook took an update."""
        with self._changed:
            if update in self._pending:
                self._pending.remove(update)
            self._delivering = True

    def not_delivered(self, reason: str, retry_in_s: float) -> None:
        """The webhook did not take an update: wait, unless there is another one meanwhile."""
        ends_at = time.monotonic() + retry_in_s
        with self._changed:
            self.failure = Failure(int(time.time()), reason)
            self._delivering = False
            webhook = self.webhook
            while webhook is self.webhook and not self._closed:
                if (left := ends_at - time.monotonic()) <= 0:
                    return
                self._changed.wait(left)

    @property
    def pending(self) -> int:
        """How many updates wait."""
        return len(self._pending)

    @property
    def online(self) -> bool:
        """Whether a bot is polling, or did so a moment ago; or has not refused what it was sent."""
        if self.webhook.url:
            return self._delivering
        return self._polling > 0 or time.monotonic() - self._polled_at < _ONLINE_FOR_S

    def close(self) -> None:
        """Let go of everyone who waits."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()


def _chat_id(update: dict[str, Any]) -> int:
    """The chat whose turn an update takes."""
    query = update.get("callback_query", update)
    return int(query.get("message", {}).get("chat", {}).get("id", 0))
