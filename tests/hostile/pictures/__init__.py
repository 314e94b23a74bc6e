"""Hostile pictures, made here, through the real pipeline and through a real service."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.hostile.memory import Growth, workers
from tests.hostile.outcome import Outcome
from tests.hostile.pictures import jpegs, others, pngs, tiffs
from tests.hostile.pictures.case import ANSWERED, BROKEN, Case
from tests.service_processes import Process, gunicorn
from utils.errors import SemblanceError
from utils.pipeline import Pipeline
from utils.settings import Settings

# Of a body that is the picture itself.
_RAW = {"Content-Type": "image/jpeg"}
_growth = Growth()


def cases() -> Iterator[Case]:
    """All of them."""
    for module in (jpegs, pngs, tiffs, others):
        yield from module.cases()


def outcomes() -> Iterator[Outcome]:
    """What became of every case in a pipeline, and then in a service of one worker."""
    pipeline = Pipeline.load(Settings.load({}, dotenv=None))
    pipeline.warm_up()
    for case in cases():
        yield in_the_pipeline(case, pipeline)[0]
    with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as service:
        before = workers(service)
        for case in cases():
            yield in_a_service(case, service)
        same = workers(service) == before
        name = "the service still has the workers that it had"
        found = ANSWERED if same else "crashed"
        yield Outcome("pictures", "workers", name, ANSWERED, found, 0.0, 1.0)


def peak_mb() -> float | None:
    """What the service's processes took above what they had at rest, in MB."""
    return _growth.peak_mb


def in_the_pipeline(case: Case, pipeline: Pipeline) -> tuple[Outcome, str]:
    """What became of it, and the reason of its refusal."""
    data = case.make()
    begun = time.monotonic()
    found, reason = ANSWERED, ""
    try:
        pipeline.annotate(data, "jpeg")
    except SemblanceError as error:
        found, reason = error.code, error.reason
    return _outcome(case, found, time.monotonic() - begun), reason


def in_a_service(case: Case, service: Process) -> Outcome:
    """As an upload, where the answer is the annotated picture."""
    data = case.make()
    begun = time.monotonic()
    found = "crashed"
    with suppress(OSError):
        answer = service.call("POST", "/v1/faces", data, Accept="image/jpeg", **_RAW)
        found = ANSWERED if answer.status == 200 else answer.code
    return _outcome(case, found, time.monotonic() - begun)


def _outcome(case: Case, found: str, took_s: float) -> Outcome:
    expected = case.expected
    if expected == "either":
        expected = found if found in (ANSWERED, BROKEN) else BROKEN
    return Outcome("pictures", case.group, case.name, expected, found, took_s, case.limit_s)


@contextmanager
def served(folder: Path) -> Iterator[Process]:
    """app_image with one worker, whose memory is watched."""
    with gunicorn("services.app_image:create()", folder) as service, _growth.watching(service):
        yield service
