"""Many people who send as fast as they are answered, and what came back to all of them."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from tests.crowd import MESSAGES_EACH, Correspondent

_SHARE_OF_LINKS = 0.3
# Together 32: enough to keep every slot busy, few enough that a kill has something to hit at once.
_HANDS, _AT_ONCE = 8, 4
_LOOK_S = 5.0
# Whoever got no answer for so long is left; the last look at everybody decides.
_PATIENCE_S = 120.0


class Traffic:
    """`jobs` messages of one person after the other, eight persons at a time."""

    def __init__(
        self, playground_url: str, pictures: Sequence[bytes], link: str, *, jobs: int, seed: int
    ) -> None:
        self._url, self._pictures, self._link = playground_url, pictures, link
        self._jobs, self._seed = jobs, seed
        self._lock = threading.Lock()
        self._given = 0
        self.people: list[Correspondent] = []
        self.waits_s: list[float] = []

    @property
    def sent(self) -> int:
        """Messages so far."""
        return sum(person.sent for person in list(self.people))

    @property
    def answered(self) -> int:
        """Messages that a picture has come for."""
        return len(self.waits_s)

    def run(self, until: float) -> None:
        """Send all, or what can be sent before a moment of the monotonic clock."""
        with ThreadPoolExecutor(_HANDS) as hands:
            for future in [hands.submit(self._write, i, until) for i in range(_HANDS)]:
                future.result()

    def rest(self, until: float) -> None:
        """Wait for the answers that are missing; then look at everybody once more."""
        while time.monotonic() < until and any(person.waiting for person in self.people):
            time.sleep(0.5)
            for person in self.people:
                if person.waiting:
                    self.waits_s += person.look()
        # A second picture would come from a job whose lease has run out meanwhile.
        time.sleep(min(10.0, max(0.0, until - time.monotonic())))
        for person in self.people:
            self.waits_s += person.look()

    def _write(self, hand: int, until: float) -> None:
        rng = random.Random(f"{self._seed}-{hand}")
        while self._may_send(until):
            person = Correspondent(self._url)
            self.people.append(person)
            while person.sent < MESSAGES_EACH and self._take(until):
                if rng.random() < _SHARE_OF_LINKS:
                    person.send(f"{self._link}?{rng.random()}")
                else:
                    person.send(rng.choice(self._pictures))
                self._read(person, _AT_ONCE - 1)
            self._read(person, 0)

    def _read(self, person: Correspondent, most_waiting: int) -> None:
        give_up_at = time.monotonic() + _PATIENCE_S
        while person.waiting > most_waiting and time.monotonic() < give_up_at:
            self.waits_s += person.look(_LOOK_S)

    def _may_send(self, until: float) -> bool:
        return self._given < self._jobs and time.monotonic() < until

    def _take(self, until: float) -> bool:
        with self._lock:
            if not self._may_send(until):
                return False
            self._given += 1
            return True
