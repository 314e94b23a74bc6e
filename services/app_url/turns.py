"""Not too many fetches at once for one person, nor from one server.

A crowd of links to one place would make us the weapon of whoever sent them; a crowd of slow links
from one person would take every place there is.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from utils.errors import TooManyRequests

_WAIT_S = 1.0


class Turns:
    """Lets `limit` in at a time for each `who`; the next one waits a moment, then is refused."""

    def __init__(self, limit: int, *, reason: str, wait_s: float = _WAIT_S) -> None:
        self._limit, self._reason, self._wait_s = limit, reason, wait_s
        self._taken: Counter[str] = Counter()
        self._changed = threading.Condition()

    @contextmanager
    def turn(self, who: str) -> Iterator[None]:
        """Hold a turn for the length of the block. Raises `TooManyRequests`."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._taken[who] < self._limit, self._wait_s):
                raise TooManyRequests(
                    f"{self._limit} fetches at once already", reason=self._reason, retry_after_s=2.0
                )
            self._taken[who] += 1
        try:
            yield
        finally:
            with self._changed:
                self._taken[who] -= 1
                if not self._taken[who]:
                    del self._taken[who]
                self._changed.notify_all()
