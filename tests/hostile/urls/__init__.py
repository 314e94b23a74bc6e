"""Hostile URLs, made here, through a real service; and real addresses in a network of their own."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

from tests.fakes_services import job, signed
from tests.hostile.memory import Growth, workers
from tests.hostile.outcome import Outcome
from tests.hostile.urls import catalogue, certificates, crowds, manners, namespace
from tests.hostile.urls.case import ANSWERED, LIMIT_S, TIMEOUT_S, Case
from tests.hostile.urls.crowds import Crowd
from tests.hostile.urls.stage import stage
from tests.service_processes import Answer, Process, eventually, gunicorn

_APP = "tests.hostile.urls.service:create()"
# What the service notes of a connection that should not have been made; an end of a case, too.
REACHED = "reached"
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

    def connections(self, kind: str) -> int:
        """How many there were, by the first word of their notes."""
        lines = self.notes.read_text().splitlines() if self.notes.exists() else []
        return sum(line.startswith(f"{kind} ") for line in lines)

    def tried(self, case: Case) -> Tried:
        """What became of a case."""
        before = self.connections(REACHED)
        begun = time.monotonic()
        found, request_id = "crashed", ""
        with suppress(OSError, HTTPException):
            answer = self._answer(case)
            found = ANSWERED if answer.status == 200 else answer.code
            request_id = answer.headers["X-Request-ID"]
        took_s = time.monotonic() - begun
        if self.connections(REACHED) > before:
            found = REACHED
        outcome = Outcome("urls", case.group, case.name, case.expected, found, took_s, LIMIT_S)
        return Tried(case, outcome, request_id)

    def _answer(self, case: Case) -> Answer:
        if case.user is None:
            return self.service.call("POST", "/v1/faces/url", {"url": case.url})
        body = job(kind="url", source=case.url, user_id=case.user).encode()
        return self.service.call("POST", "/classify_url", body, **signed(body))


def outcomes() -> Iterator[Outcome]:
    """What became of every case, in the played internet and in the real network."""
    with tempfile.TemporaryDirectory() as folder, opened(Path(folder)) as door:
        before = workers(door.service)
        yield from (tried.outcome for tried in every(door))
        yield _at_the_end(
            "the service still has its worker", "crashed", workers(door.service) == before
        )
        yield _at_the_end("nobody inside was asked", REACHED, not door.connections(REACHED))
    if lacking := namespace.missing():
        print(f"urls, real addresses: {lacking}", file=sys.stderr)
    else:
        yield from namespace.outcomes()


def _at_the_end(name: str, otherwise: str, good: bool) -> Outcome:
    found = ANSWERED if good else otherwise
    return Outcome("urls", "after all of them", name, ANSWERED, found, 0.0, 1.0)


def peak_mb() -> float | None:
    """What the service's processes took above what they had at rest, in MB."""
    return _growth.peak_mb


def every(door: Door) -> Iterator[Tried]:
    """One after the other; the slow ones a few at a time, and then the crowds."""
    slow = []
    for case in catalogue.cases():
        if case.slow:
            slow.append(case)
        else:
            yield door.tried(case)
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        yield from threads.map(door.tried, slow)
    for crowd in crowds.crowds():
        yield from _crowded(door, crowd)


def _crowded(door: Door, crowd: Crowd) -> Iterator[Tried]:
    with ThreadPoolExecutor(len(crowd.first) + len(crowd.then)) as threads:
        connected = door.connections("public")
        first = [threads.submit(door.tried, case) for case in crowd.first]
        eventually(
            lambda: door.connections("public") == connected + len(first), "all to be connected"
        )
        time.sleep(crowd.settle_s)
        yield from threads.map(door.tried, crowd.then)
        yield from (each.result() for each in first)


@contextmanager
def opened(folder: Path) -> Iterator[Door]:
    """app_url with one worker in a played internet, whose memory is watched."""
    notes = folder / "connections"
    trusted = {}
    if certificates.can_be_made():
        trusted["SSL_CERT_FILE"] = str(certificates.trusted_file())
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
            **trusted,
        ) as service,
        _growth.watching(service),
    ):
        yield Door(service, notes)
