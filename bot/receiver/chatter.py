"""Messages that make no job are answered too, but not each of a flood of them."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from bot.work_queue.spending import Bucket

_PER_MINUTE = 20
_MAX_CHATS = 10_000


class Chatter:
    """Twenty answers a minute for a chat, which is what Telegram takes in a group.

    Each bot counts for itself, in memory: what this guards is its own time. It remembers so many
    chats at most, the latest. Safe in every thread.
    """

    def __init__(
        self, *, clock: Callable[[], float] = time.monotonic, max_chats: int = _MAX_CHATS
    ) -> None:
        self._clock, self._max_chats = clock, max_chats
        self._lock = threading.Lock()
        self._until: OrderedDict[int, float] = OrderedDict()
        self._noted: OrderedDict[int, float] = OrderedDict()

    def allows(self, chat_id: int) -> bool:
        """Whether the chat gets one more answer; it is counted."""
        now = self._clock()
        bucket = Bucket("rate_words", chat_id, 60.0 / _PER_MINUTE, 60.0)
        with self._lock:
            filled = bucket.filled(self._until.get(chat_id), now)
            if bucket.wait_s(filled, now):
                return False
            self._keep(self._until, chat_id, filled)
        return True

    def is_news(self, chat_id: int) -> bool:
        """Whether a refusal is the chat's first for a minute; it is noted."""
        now = self._clock()
        with self._lock:
            if now < self._noted.get(chat_id, now):
                return False
            self._keep(self._noted, chat_id, now + 60.0)
        return True

    def _keep(self, moments: OrderedDict[int, float], chat_id: int, moment: float) -> None:
        moments[chat_id] = moment
        moments.move_to_end(chat_id)
        if len(moments) > self._max_chats:
            moments.popitem(last=False)
