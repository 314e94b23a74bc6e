"""Hostile URLs, made here, through a real service; and real addresses in a network of their own."""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.hostile.memory import Growth, workers
from tests.hostile.outcome import Outcome
from tests.hostile.urls import catalogue, manners
from tests.hostile.urls.case import ANSWERED, LIMIT_S, TIMEOUT_S, Case
from tests.hostile.urls.stage import stage
from tests.service_processes import Process, gunicorn

_APP = "tests.hostile.urls.service:create()"
_AT_ONCE = 5
_growth = Growth()


@dataclass(frozen=True)
class Tried:
    """A case that was tried; `request_id` finds it in the log."""

    case: Case
    outcome: Outcome
    request_id: str


@dataclass(frozen=True)
class Door:
    """The service, and the notes of what it connected to."""

    service: Process
    notes: Path

    def reached(self) -> list[str]:
        """The places that it should not have connected to."""
        return [line for line in self._lines() if not line.startswith("public ")]

    def _lines(self) -> list[str]:
        return self.notes.read_text().splitlines() if self.notes.exists() else []

    def tried(self, case: Case) -> Tried:
        """A URL to /v1/faces/url."""
        before = len(self.reached())
        begun = time.monotonic()
        found, request_id = "crashed", ""
        try:
            answer = self.service.call("POST", "/v1/faces/url", {"url": case.url})
        except OSError:
            pass
        else:
            found = ANSWERED if answer.status == 200 else answer.code
            request_id = answer.headers["X-Request-ID"]
        took_s = time.monotonic() - begun
        if len(self.reached()) > before:
            found = "reached"
        outcome = Outcome("urls", case.group, case.name, case.expected, found, took_s, LIMIT_S)
        return Tried(case, outcome, request_id)


def outcomes() -> Iterator[Outcome]:
    """What became of every case."""
    with tempfile.TemporaryDirectory() as folder, opened(Path(folder)) as door:
        before = workers(door.service)
        for tried in every(door, catalogue.cases()):
            yield tried.outcome


def peak_mb() -> float | None:
    """What the service's processes took above what they had at rest, in MB."""
    return _growth.peak_mb


def every(door: Door, cases: Iterable[Case]) -> Iterator[Tried]:
    """One after the other; the slow ones a few at a time."""
    slow = []
    for case in cases:
        if case.slow:
            slow.append(case)
        else:
            yield door.tried(case)
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        yield from threads.map(door.tried, slow)


@contextmanager
def opened(folder: Path) -> Iterator[Door]:
    """app_url with one worker in a played internet, whose memory is watched."""
    notes = folder / "connections"
    with (
        stage(catalogue.sites()) as port,
        gunicorn(
            _APP,
            folder,
            HOSTILE_STAGE=str(port),
            HOSTILE_NOTES=str(notes),
            SEMBLANCE_URL_ALLOW="",
            SEMBLANCE_URL_TIMEOUT_S=str(TIMEOUT_S),
            **manners.PROXIES,
        ) as service,
        _growth.watching(service),
    ):
        yield Door(service, notes)
