"""`/delete`: a button that only the person can use, and what it removes."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Literal

from telegram import Update

from bot.receiver.authors import author_id
from bot.work_queue import Inbox, People
from utils.jobs import Job
from utils.settings import Secret

_VALID_S = 600
_DATA = re.compile(r"forget:(-?[0-9]{1,16}):([0-9]{1,12}):([0-9a-f]{20})", re.ASCII)
# The counters are what keeps a flood away: nobody gets rid of them again and again.
_COUNTERS_EVERY_S = 3600.0
_MAX_REMEMBERED = 10_000

Verdict = Literal["unknown", "foreign", "old", "good"]


class Buttons:
    """Makes the data of a button, and knows it again: signed, so that any bot on the token does."""

    def __init__(self, secret: Secret, *, clock: Callable[[], float] = time.time) -> None:
        self._secret, self._clock = secret, clock

    def data(self, user_id: int) -> str:
        """What Telegram keeps with the button: at most 64 bytes."""
        words = f"forget:{user_id}:{int(self._clock()) + _VALID_S}"
        return f"{words}:{self._signature(words)}"

    def judge(self, data: object, user_id: int) -> Verdict:
        """What a tap with this data by this person is worth."""
        found = _DATA.fullmatch(data) if isinstance(data, str) else None
        if found is None:
            return "unknown"
        words = f"forget:{found[1]}:{found[2]}"
        if not hmac.compare_digest(self._signature(words), found[3]):
            return "unknown"
        if found[1] != str(user_id):
            return "foreign"
        return "good" if self._clock() < int(found[2]) else "old"

    def _signature(self, words: str) -> str:
        key = self._secret.reveal().encode()
        return hmac.new(key, b"button:" + words.encode(), hashlib.sha256).hexdigest()[:20]


class Forgetting:
    """Removes what is kept about a person. May raise `QueueUnavailable`."""

    def __init__(
        self, people: People, inbox: Inbox, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._people, self._inbox, self._clock = people, inbox, clock
        self._asked: OrderedDict[int, float] = OrderedDict()
        self._lock = threading.Lock()

    def forget(self, user_id: int) -> tuple[list[Job], bool]:
        """The jobs that were removed, and whether a ban stays.

        Messages of the person go first, that which asks for this among them: the store empties its
        log once the rest is gone.
        """
        for body in self._inbox.waiting():
            update = Update.de_json(json.loads(body), None)
            if author_id(update) == user_id:
                self._inbox.done(update.update_id)
        jobs = self._people.forget(user_id, counters=self._may_reset(user_id))
        return jobs, self._people.turn_away(user_id, telling=False) is not None

    def _may_reset(self, user_id: int) -> bool:
        now = self._clock()
        with self._lock:
            if now < self._asked.get(user_id, now):
                return False
            self._asked[user_id] = now + _COUNTERS_EVERY_S
            self._asked.move_to_end(user_id)
            if len(self._asked) > _MAX_REMEMBERED:
                self._asked.popitem(last=False)
        return True
