"""How many jobs may be at the services at the same time, found out while working.

How long a job takes tells of Telegram, strangers' servers and the size of pictures rather than of
replicas: limits made of latencies (TCP Vegas, gradients) would shrink for no reason. But a full
service says so itself, and at once, as a lost packet does in TCP. The answer is TCP's: a little
more while all goes well, a good part less at a sign (additive increase, multiplicative decrease:
Chiu and Jain, 1989). The growth is that of CUBIC (RFC 9438): by the clock and not by the answers,
so that it is as quick where jobs take long; careful near the number that was too many, then faster
and faster, so that new replicas are found within seconds.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

# Both from RFC 9438: what is kept at a sign, and how fast the curve bends (per cubic second).
_KEPT = 0.7
_BEND = 0.4
# So few at the start that they do no harm; without a sign they are 50 after five seconds.
_FIRST = 4
_REST_S, _LONGEST_REST_S = 1.0, 10.0


@dataclass(frozen=True)
class Trip:
    """A job on its way to the services and back; `out`: how many were, with this one."""

    started_at: float
    out: int


class InFlightLimit:
    """Between `least` and `most`, which may be equal; to be used from many threads."""

    def __init__(
        self, *, least: int, most: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._least, self._most, self._clock = least, most, clock
        self._lock = threading.Lock()
        self._limit = float(min(most, max(least, _FIRST)))
        self._out = 0
        # The curve: it is level at `_level` jobs, after `_level_after_s` seconds of growth.
        self._level, self._level_after_s, self._grown_s = self._limit, 0.0, 0.0
        self._cut_at = self._seen_at = self._rest_until = -math.inf

    @property
    def value(self) -> int:
        """How many jobs may be out now; never less than `least`."""
        return int(self._limit)

    def room(self, in_flight: int) -> int:
        """How many may go in addition to those; 0 during a rest."""
        if self._clock() < self._rest_until:
            return 0
        return max(0, self.value - in_flight)

    def started(self) -> Trip:
        """A job sets out; its trip goes to `returned`, then to `taken` or `refused` or neither."""
        with self._lock:
            self._out += 1
            return Trip(self._clock(), self._out)

    def returned(self, _trip: Trip) -> None:
        """A job is back, however it went."""
        with self._lock:
            self._out -= 1

    def taken(self, trip: Trip) -> None:
        """A service did the job: there may be room for more."""
        with self._lock:
            now = self._clock()
            since_s = now - max(self._seen_at, trip.started_at)
            self._seen_at = now
            # Where few are out, that all goes well says nothing about many.
            if trip.out * 2 < self._limit:
                return
            self._grown_s += max(0.0, since_s)
            curve = self._level + _BEND * (self._grown_s - self._level_after_s) ** 3
            # At most twice of what was just taken, however long the trip was.
            self._limit = max(self._limit, min(self._most, curve, 2.0 * trip.out))

    def refused(self, trip: Trip, after_s: float | None = None) -> None:
        """The services had no room for the job, or not in time; `after_s`: what they ask for."""
        with self._lock:
            now = self._clock()
            if trip.out == 1:
                # They are full of others' work: trying on would only knock at the door.
                self._rest_until = now + min(_LONGEST_REST_S, after_s or _REST_S)
            # Those who set out before the last cut bring old news.
            if trip.started_at < self._cut_at:
                return
            self._cut_at = self._seen_at = now
            self._level, self._grown_s = min(self._limit, trip.out) - 1.0, 0.0
            self._limit = max(float(self._least), self._level * _KEPT)
            self._level_after_s = math.cbrt((self._level - self._limit) / _BEND)
