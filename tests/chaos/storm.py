"""kill -9 of one process after the other, spread over the whole run."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable

import psutil

from benchmarks.redis_server import RedisServer
from tests.local_run import LocalRun

_PATTERNS = {
    "bot": r"-m bot$",
    "app_image": r"services\.app_image",
    "app_url": r"services\.app_url",
    "nginx": r"^nginx: ",
}
_REDIS_AWAY_S = 2.0
# The launcher gives up a program that dies five times a minute without having become ready.
_SHORTEST_PAUSE_S = 1.0


class Storm:
    """Kills a random process of a random kind each time `progress` passes the next mark."""

    def __init__(
        self,
        run: LocalRun,
        progress: Callable[[], int],
        *,
        jobs: int,
        kills: int,
        seed: int,
        redis: RedisServer | None = None,
    ) -> None:
        self._run, self._progress, self._redis = run, progress, redis
        self._rng = random.Random(seed)
        self._marks = sorted(self._rng.randrange(max(1, jobs)) for _ in range(kills))
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._rage)
        self.hit: Counter[str] = Counter()

    def start(self) -> None:
        """Begin to kill."""
        self._thread.start()

    def stop(self) -> None:
        """Kill no more."""
        self._over.set()
        self._thread.join()

    def _rage(self) -> None:
        for mark in self._marks:
            while self._progress() < mark:
                if self._over.wait(0.05):
                    return
            self._strike()
            if self._over.wait(_SHORTEST_PAUSE_S):
                return

    def _strike(self) -> None:
        kinds = [*_PATTERNS, *(["redis"] if self._redis else [])]
        kind = self._rng.choice(kinds)
        if kind == "redis" and self._redis is not None:
            self._redis.kill()
            self._over.wait(self._rng.uniform(0, _REDIS_AWAY_S))
            self._redis.start()
            self.hit[kind] += 1
        elif self._kill_one(_PATTERNS[kind]):
            self.hit[kind] += 1

    def _kill_one(self, pattern: str) -> bool:
        # Right after the last kill it may not have been started again yet.
        for _ in range(100):
            if found := self._run.processes(pattern):
                try:
                    self._rng.choice(found).kill()
                except psutil.NoSuchProcess:
                    continue
                return True
            time.sleep(0.1)
        return False
