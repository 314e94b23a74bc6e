"""A pause for all jobs while nobody answers behind the proxy's address.

Without it every waiting job would find out by itself that nginx is down, again and again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from bot.dispatcher.backoff import backoff_s


class Breaker:
    """Open after a failure: no job may go; then one at a time, until one comes through."""

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        backoff: Callable[[int], float] = backoff_s,
    ) -> None:
        self._clock, self._backoff = clock, backoff
        self._lock = threading.Lock()
        self._failures = 0
        self._opened_at = self._until = 0.0

    @property
    def is_open(self) -> bool:
        """Whether the last that was heard of the proxy is a failure."""
        return self._failures > 0

    def allowance(self, wanted: int) -> int:
        """How many of `wanted` jobs may go now."""
        with self._lock:
            if not self._failures or wanted < 1:
                return wanted
            if self._clock() < self._until:
                return 0
            # The next probe goes when this one's wait is over, should it hang.
            self._until = self._clock() + self._backoff(self._failures)
            return 1

    def failed(self, started_at: float) -> bool:
        """A request that began at `started_at` met nobody; whether this opened the breaker.

        Requests that were under way when it opened say nothing new.
        """
        with self._lock:
            if self._failures and started_at < self._opened_at:
                return False
            self._failures += 1
            self._opened_at = self._clock()
            self._until = self._opened_at + self._backoff(self._failures)
            return self._failures == 1

    def succeeded(self) -> bool:
        """Somebody answered; whether this closed the breaker."""
        with self._lock:
            was_open, self._failures = self._failures > 0, 0
            return was_open
