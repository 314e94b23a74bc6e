"""Carries out the planned strikes, each when so many messages are answered."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import Protocol

import psutil

from benchmarks.redis_server import RedisServer
from tests.chaos.bad_days import BadDays
from tests.chaos.plan import Strike
from tests.local_run import LocalRun

_PATTERNS = {
    "bot": r"-m bot$",
    "app_image": r"services\.app_image",
    "app_url": r"services\.app_url",
    "nginx": r"^nginx: ",
}
_MOST_AWAY_S = 2.0
# The launcher gives up a program that dies five times a minute without having become ready.
_SHORTEST_PAUSE_S = 1.0
_FOUND_WITHIN_S = 10.0


class Disk(Protocol):
    """Where the queue's file lies."""

    def fill(self) -> None:
        """From now on nothing more can be written."""

    def free(self) -> None:
        """There is room again."""


class Clock(Protocol):
    """The clock of all processes of the run."""

    def jump(self, seconds: float) -> None:
        """Put it forward, or back."""


class Storm:
    """Strikes each time `progress` passes the next mark; `hit` counts by target and action."""

    def __init__(
        self,
        run: LocalRun,
        progress: Callable[[], int],
        strikes: Sequence[Strike],
        *,
        days: BadDays,
        redis: RedisServer | None = None,
        disk: Disk | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._run, self._progress, self._strikes = run, progress, strikes
        self._days, self._redis, self._disk, self._clock = days, redis, disk, clock
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._rage)
        self._lasting: list[threading.Thread] = []
        self.hit: Counter[str] = Counter()

    @property
    def kills(self) -> int:
        """How many processes were ended with kill -9."""
        return sum(count for name, count in self.hit.items() if name.endswith(" kill"))

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Strike no more; what lasts is ended."""
        self._over.set()
        self._thread.join()
        for thread in self._lasting:
            thread.join()

    def _rage(self) -> None:
        for strike in self._strikes:
            while self._progress() < strike.mark:
                if self._over.wait(0.1):
                    return
            if self._strike(strike):
                self.hit[f"{strike.target} {strike.action}"] += 1
            if self._over.wait(_SHORTEST_PAUSE_S):
                return

    def _strike(self, strike: Strike) -> bool:
        if strike.target == "telegram":
            self._days.spell(strike.action, strike.seconds)
        elif strike.target == "disk" and self._disk is not None:
            self._disk.fill()
            self._later(strike.seconds, self._disk.free)
        elif strike.target == "clock" and self._clock is not None:
            self._clock.jump(strike.seconds)
        elif strike.target == "redis" and strike.action == "kill" and self._redis is not None:
            self._redis.kill()
            self._over.wait(strike.pick * _MOST_AWAY_S)
            self._redis.start()
        else:
            return self._hit_process(strike)
        return True

    def _hit_process(self, strike: Strike) -> bool:
        # Right after the last kill it may not have been started again yet.
        found_until = time.monotonic() + _FOUND_WITHIN_S
        while time.monotonic() < found_until and not self._over.is_set():
            if found := self._processes(strike.target):
                victim = found[int(strike.pick * len(found))]
                with suppress(psutil.NoSuchProcess):
                    if strike.action == "kill":
                        victim.kill()
                    else:
                        victim.suspend()
                        self._later(strike.seconds, partial(_go_on, victim))
                    return True
            time.sleep(0.1)
        return False

    def _processes(self, target: str) -> list[psutil.Process]:
        if target == "redis":
            process = self._redis.process if self._redis else None
            return [psutil.Process(process.pid)] if process else []
        return sorted(self._run.processes(_PATTERNS[target]), key=lambda each: each.pid)

    def _later(self, seconds: float, act: Callable[[], None]) -> None:
        def wait() -> None:
            self._over.wait(seconds)
            act()

        self._lasting.append(threading.Thread(target=wait))
        self._lasting[-1].start()


def _go_on(process: psutil.Process) -> None:
    with suppress(psutil.NoSuchProcess):
        process.resume()


@contextmanager
def raging(storm: Storm) -> Iterator[Storm]:
    """The storm during a block."""
    storm.start()
    try:
        yield storm
    finally:
        storm.stop()
