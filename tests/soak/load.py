"""The steady load: people who send at a fixed rate, and callers of the JSON API."""

from __future__ import annotations

import itertools
import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import requests

from tests.crowd import Correspondent

# A run that answers more slowly than this is asked no faster, or the queue would be what grows.
_MOST_WAITING_EACH = 8
_KINDS: tuple[tuple[str, str], ...] = (
    ("/v1/faces", "application/json"),
    ("/v1/faces", "image/jpeg"),
    ("/v1/faces/url", "application/json"),
)


@dataclass
class Load:
    """What was asked and what went wrong; the threads run from `start` to `stop`."""

    api_url: str
    people: Sequence[Correspondent]
    pictures: Sequence[bytes]
    link: str
    jobs_per_s: float
    calls_per_s: float
    calls: int = 0
    failures: list[str] = field(default_factory=list)
    held_back: int = 0
    _over: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        """Begin to send."""
        turns: list[tuple[float, Callable[[int], None]]] = [
            (self.jobs_per_s, self._send),
            (self.calls_per_s, self._call),
        ]
        self._threads = [
            threading.Thread(target=self._every, args=turn) for turn in turns if turn[0] > 0
        ]
        self._threads.append(threading.Thread(target=self._read))
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Send no more."""
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _every(self, per_s: float, act: Callable[[int], None]) -> None:
        due = time.monotonic()
        for number in itertools.count():
            due = max(due + 1 / per_s, time.monotonic() - 1)
            if self._over.wait(max(0.0, due - time.monotonic())):
                return
            act(number)

    def _send(self, number: int) -> None:
        person = self.people[number % len(self.people)]
        if person.waiting >= _MOST_WAITING_EACH:
            self.held_back += 1
        elif number % 4 == 3:
            person.send(f"{self.link}?{random.random()}")
        else:
            person.send(self.pictures[number % len(self.pictures)])

    def _call(self, number: int) -> None:
        path, accept = _KINDS[number % len(_KINDS)]
        headers = {"Accept": accept}
        url = self.api_url + path
        try:
            if path.endswith("/url"):
                answer = requests.post(url, json={"url": self.link}, headers=headers, timeout=60)
            else:
                picture = self.pictures[number % len(self.pictures)]
                headers["Content-Type"] = "image/jpeg"
                answer = requests.post(url, data=picture, headers=headers, timeout=60)
        except requests.RequestException as error:
            self.failures.append(type(error).__name__)
        else:
            if answer.status_code != 200:
                self.failures.append(f"{path}: {answer.status_code}")
        self.calls += 1

    def _read(self) -> None:
        while not self._over.wait(0.5):
            for person in self.people:
                person.look()
