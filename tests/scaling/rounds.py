"""The load, and what happens to the replicas meanwhile."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import requests

from tests.compose import Project, crash
from tests.crowd import Correspondent

# Not more clients than a single replica of two slots takes (18), which may have to do while others
# start or are left out for a moment: more would rightly be told that it is busy.
CLIENTS, PEOPLE, _WAITING_EACH = 16, 4, 2
_TIMEOUT_S = 60
# A client that was told nothing but an error may not turn into a flood of them.
_AFTER_FAILURE_S = 0.5
_ANSWERS_WITHIN_S = 120
_LOOK_S = 3.0
_LONGEST_PAUSE_S = 3.0


@dataclass
class Load:
    """Clients of the API and people in chats, from `__enter__` on; `finish` reads the last word."""

    project: Project
    pictures: Sequence[bytes]
    answers: Counter[str] = field(default_factory=Counter)
    slowest_s: float = 0.0

    def __post_init__(self) -> None:
        self.people = [Correspondent(self.project.playground_url) for _ in range(PEOPLE)]
        self._lock, self._over = threading.Lock(), threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(i,)) for i in range(CLIENTS)]
        self._threads += [threading.Thread(target=self._chat, args=(p,)) for p in self.people]

    @property
    def failed(self) -> int:
        """Requests of the API that were not answered with 200."""
        return self.answers.total() - self.answers["200"]

    def start(self) -> None:
        """Begin to ask."""
        for thread in self._threads:
            thread.start()

    def finish(self) -> None:
        """Ask no more, and wait for the last pictures."""
        self._over.set()
        for thread in self._threads:
            thread.join()
        deadline = time.monotonic() + _ANSWERS_WITHIN_S
        while any(p.waiting for p in self.people) and time.monotonic() < deadline:
            time.sleep(0.5)
            for person in self.people:
                person.look()
        time.sleep(2)
        for person in self.people:
            person.look()

    def _ask(self, number: int) -> None:
        picture = self.pictures[number % len(self.pictures)]
        while not self._over.is_set():
            began = time.monotonic()
            said = self._answer(picture)
            with self._lock:
                self.answers[said] += 1
                self.slowest_s = max(self.slowest_s, time.monotonic() - began)
            if said != "200":
                print(f"failed: {said} after {time.monotonic() - began:.1f} s", flush=True)
                self._over.wait(_AFTER_FAILURE_S)

    def _answer(self, picture: bytes) -> str:
        url, headers = f"{self.project.api_url}/v1/faces", {"Content-Type": "image/jpeg"}
        try:
            answer = requests.post(url, data=picture, headers=headers, timeout=_TIMEOUT_S)
        except requests.RequestException as error:
            return type(error).__name__
        return str(answer.status_code)

    def _chat(self, person: Correspondent) -> None:
        while not self._over.is_set():
            while person.waiting < _WAITING_EACH:
                person.send(random.choice(self.pictures))
            person.look(_LOOK_S)


def one_round(project: Project, rng: random.Random, say: Callable[[str], None]) -> None:
    """Up to five, two killed, down to two, up to five."""
    project.scale("app_image", 5)
    say("five replicas")
    _pause(rng)
    for victim in rng.sample(project.replicas("app_image"), 2):
        crash(victim)
        _pause(rng)
    project.await_replicas("app_image", 5)
    say("two of them were killed and are back")
    project.scale("app_image", 2)
    say("two replicas")
    _pause(rng)
    project.scale("app_image", 5)
    say("five replicas again")
    _pause(rng)


def _pause(rng: random.Random) -> None:
    time.sleep(rng.uniform(1, _LONGEST_PAUSE_S))
