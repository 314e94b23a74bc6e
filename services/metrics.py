"""What a service counts and times; docs/operations.md says what each figure is for."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from services.gate import Gate
from services.replica import ReplicaCollector
from services.worker_counts import FOLDER_VARIABLE
from utils.errors import Busy, SemblanceError
from utils.faces import Analysis

FACES, NO_FACE = "faces", "no_face"
STAGES = ("fetch", "decode", "detect", "classify", "annotate", "encode", "deliver")

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_FACES = (0, 1, 2, 3, 5, 8, 13, 21, 34, 64)

Saw = Callable[[Analysis], None]


class Metrics:
    """The figures of one service. Labels take few values, and never one of a person's making.

    To be used by the threads of gunicorn's worker only: under gevent a native thread would have to
    wait for the library's lock.
    """

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._photos = Counter(
            "semblance_photos_total",
            "Photos by outcome: faces, no_face, or the code of the error.",
            ["route", "outcome"],
            registry=self._registry,
        )
        self._photo_seconds = Histogram(
            "semblance_photo_seconds",
            "From a photo's turn in its request to its outcome, waiting included.",
            ["route"],
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._stage_seconds = Histogram(
            "semblance_stage_seconds",
            "Stages of a photo's way through a service.",
            ["stage"],
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._faces = Histogram(
            "semblance_faces_per_photo",
            "Faces found in a photo, which is the batch that the networks classify.",
            buckets=_FACES,
            registry=self._registry,
        )
        self._in_flight = Gauge(
            "semblance_photos_in_flight",
            "Photos being fetched, waited for, looked at or delivered.",
            multiprocess_mode="livesum",
            registry=self._registry,
        )
        self._telegram_calls = Counter(
            "semblance_telegram_calls_total",
            "Requests to the Bot API by method and status.",
            ["method", "status"],
            registry=self._registry,
        )
        self._fetch_refusals = Counter(
            "semblance_fetch_refusals_total",
            "Fetches that brought no picture, by the reason in the log.",
            ["reason"],
            registry=self._registry,
        )
        for stage in STAGES:
            self._stage_seconds.labels(stage)

    def expect(self, route: str) -> None:
        """Show the usual outcomes of a route as zeros at the start: what is absent has no rate."""
        for outcome in (FACES, NO_FACE, Busy.code, SemblanceError.code):
            self._photos.labels(route, outcome)
        self._photo_seconds.labels(route)

    @contextmanager
    def place(self, route: str, gate: Gate) -> Iterator[None]:
        """Hold a place before a route for the length of the block, and count who finds none."""
        with ExitStack() as held:
            try:
                held.enter_context(gate.place())
            except Busy:
                self._photos.labels(route, Busy.code).inc()
                raise
            yield

    @contextmanager
    def photo(self, route: str) -> Iterator[Saw]:
        """Around the work on one photo; what it gives is called with what was seen."""
        outcome = SemblanceError.code

        def saw(analysis: Analysis) -> None:
            nonlocal outcome
            outcome = FACES if analysis.faces else NO_FACE
            self._faces.observe(len(analysis.faces))
            for stage, ms in analysis.ms.items():
                self._stage_seconds.labels(stage).observe(ms / 1000)

        started = time.perf_counter()
        self._in_flight.inc()
        try:
            yield saw
        except SemblanceError as error:
            outcome = error.code
            raise
        except BaseException:
            outcome = SemblanceError.code
            raise
        finally:
            self._in_flight.dec()
            self._photos.labels(route, outcome).inc()
            self._photo_seconds.labels(route).observe(time.perf_counter() - started)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time one of `STAGES` that the pipeline does not time itself."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self._stage_seconds.labels(name).observe(time.perf_counter() - started)

    @contextmanager
    def fetching(self) -> Iterator[None]:
        """Around a fetch over a network: time it, and count why it brought nothing."""
        with self.stage("fetch"):
            try:
                yield
            except SemblanceError as error:
                self._fetch_refusals.labels(error.reason).inc()
                raise

    def telegram_call(self, method: str, status: str) -> None:
        """Count a request to the Bot API; see `utils.telegram.Observe`."""
        self._telegram_calls.labels(method, status).inc()

    def exposition(self) -> bytes:
        """All figures in Prometheus' text format; under gunicorn those of all its workers."""
        folder = os.environ.get(FOLDER_VARIABLE)
        if folder is None:
            own = generate_latest(self._registry)
            return own + _of_processes(os.getpid())
        registry = CollectorRegistry()
        MultiProcessCollector(registry, folder)
        return generate_latest(registry) + _of_processes(os.getppid())


def _of_processes(master: int) -> bytes:
    registry = CollectorRegistry()
    registry.register(ReplicaCollector(master))
    return generate_latest(registry)
