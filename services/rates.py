"""How often somebody may call: a bucket of tokens each, filled again all the time.

A worker counts for itself; nginx counts for all of them, in the same way.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from utils.errors import TooManyRequests


class Rates:
    """At most `per_s` calls a second in the long run, and as many at once."""

    def __init__(self, per_s: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_s, self._clock = per_s, clock
        self._lock = threading.Lock()
        self._buckets: dict[str, tuple[float, float]] = {}  # tokens, and when they were counted

    def take(self, who: str) -> None:
        """Count a call of a known caller. Raises `TooManyRequests`."""
        with self._lock:
            now = self._clock()
            tokens, since = self._buckets.get(who, (float(self._per_s), now))
            tokens = min(self._per_s, tokens + (now - since) * self._per_s)
            allowed = tokens >= 1
            self._buckets[who] = (tokens - 1 if allowed else tokens, now)
        if not allowed:
            raise TooManyRequests(f"more than {self._per_s} requests a second with one key")
