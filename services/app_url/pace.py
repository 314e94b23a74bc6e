"""The least speed at which a stranger's server has to send.

The deadline alone would let a server hold a place, a thread and memory for all of its time with one
byte a second.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from utils.errors import UrlTooSlow


@dataclass(frozen=True)
class Floor:
    """At least so many bytes a second, in every window of so many seconds."""

    bytes_per_s: int = 1000
    window_s: float = 5.0


class Pace:
    """How fast the bytes of one answer come; time before the first of them is not counted."""

    def __init__(self, floor: Floor, clock: Callable[[], float] = time.monotonic) -> None:
        self._floor, self._clock = floor, clock
        self._started: float | None = None
        self._bytes = 0

    def rest(self) -> None:
        """The server may think again: the next window begins with the next byte."""
        self._started = None

    def patience_s(self) -> float:
        """How long to wait for the next byte before `came(0)` is to be told."""
        if self._started is None:
            return math.inf
        return max(0.01, self._started + self._floor.window_s - self._clock())

    def came(self, n_bytes: int) -> None:
        """Count what came. Raises `UrlTooSlow` where the window is over and too little did."""
        now = self._clock()
        if self._started is None:
            self._started, self._bytes = now, 0
        self._bytes += n_bytes
        if now - self._started < self._floor.window_s:
            return
        if self._bytes < self._floor.bytes_per_s * self._floor.window_s:
            raise UrlTooSlow(
                f"less than {self._floor.bytes_per_s} bytes a second", reason="too_little_a_second"
            )
        self._started, self._bytes = now, 0
