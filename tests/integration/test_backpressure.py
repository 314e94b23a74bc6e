"""A full service under real gunicorn and gevent: refused at once, and nothing fetched for it."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.app_image.source import FileSource
from services.inference import JOBS_PER_SLOT, LINE_PER_SLOT
from services.job_route import AT_ONCE
from services.start import start
from tests.fakes import FakeHttp, Reply, Request, serving
from tests.fakes_services import FakeEngine, job, signed
from tests.metric_values import values_of
from tests.service_processes import Answer, Process, eventually, gunicorn
from utils.pipeline import Annotated, Target

JPEG = {"Content_Type": "image/jpeg"}
HOLD = "HELD_BY"
IN_FLIGHT = "semblance_photos_in_flight"
FETCHED = 'semblance_stage_seconds_count{stage="fetch"}'


class HeldEngine(FakeEngine):
    """Holds its slot until there is a writer at the named pipe, as a long picture would."""

    def analyze(self, data: bytes, options: object = None) -> Any:
        with open(os.environ[HOLD], "rb"):  # noqa: PTH123
            return super().analyze(data)

    def annotate(self, data: bytes, target: Target, options: object = None) -> Annotated:
        with open(os.environ[HOLD], "rb"):  # noqa: PTH123
            return super().annotate(data, target)


def with_a_held_engine() -> Any:
    """For gunicorn: app_image with an engine that works when the test lets it."""
    return start(
        "held",
        lambda settings, telegram, fetching: [
            FileSource(telegram, max_bytes=settings.max_bytes, fetching=fetching)
        ],
        load=lambda _: HeldEngine(),
    )


class Telegram:
    """Answers what a job needs; `getFile` waits until `go_on`."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.files = 0

    def __call__(self, request: Request) -> Reply:
        result: Any = {"message_id": 4}
        if request.path.startswith("/file/"):
            return Reply(200, b"\xff\xd8\xff picture")
        if request.path.endswith("/getFile"):
            self.files += 1
            self.go_on.wait(60)
            result = {"file_id": "AgAD", "file_path": "photos/1.jpg"}
        return Reply(200, json.dumps({"ok": True, "result": result}).encode())


class Crowd:
    """Callers who wait for their answers in threads of their own."""

    def __init__(self, service: Process) -> None:
        self.service = service
        self.answers: list[Answer] = []
        self._threads: list[threading.Thread] = []

    def calls(self, times: int, path: str, body: bytes, **headers: str) -> None:
        for _ in range(times):
            # A signature is good once: each job has one of its own.
            own = signed(body) if path == "/classify" else headers
            ask = threading.Thread(target=self._ask, args=(path, body, own))
            ask.start()
            self._threads.append(ask)

    def _ask(self, path: str, body: bytes, headers: dict[str, str]) -> None:
        self.answers.append(self.service.call("POST", path, body, **headers))

    def leaves(self) -> list[int]:
        for each in self._threads:
            each.join()
        return [answer.status for answer in self.answers]


@pytest.fixture
def telegram() -> Iterator[tuple[Telegram, FakeHttp]]:
    played = Telegram()
    with serving(played) as server:
        try:
            yield played, server
        finally:
            played.go_on.set()


def told(service: Process, figure: str) -> float:
    return values_of(service.call("GET", "/metrics").body)[figure]


def post_job(service: Process) -> Answer:
    body = job().encode()
    return service.call("POST", "/classify", body, **signed(body))


def assert_refused(answer: Answer) -> None:
    assert (answer.status, answer.code, answer.headers["Retry-After"]) == (503, "busy", "1")


def test_a_job_too_many_is_refused_while_the_others_are_still_being_fetched(
    folder: Path, telegram: tuple[Telegram, FakeHttp]
) -> None:
    played, server = telegram
    environ = {"TELEGRAM_API_URL": server.url}
    body = job().encode()
    with gunicorn("services.app_image:create()", folder, **environ) as service:
        crowd = Crowd(service)
        crowd.calls(AT_ONCE, "/classify", body)
        eventually(lambda: told(service, IN_FLIGHT) == AT_ONCE, "all of them")
        for _ in range(5):
            assert_refused(post_job(service))
        assert service.call("GET", "/healthz").status == 200
        assert crowd.answers == []
        played.go_on.set()
        # The picture is none: that is for its owner to hear, and the service has room again.
        assert crowd.leaves() == [422] * AT_ONCE
        assert post_job(service).status == 422


def test_a_job_is_refused_while_the_line_of_jobs_is_full_and_callers_have_one_of_their_own(
    folder: Path, telegram: tuple[Telegram, FakeHttp]
) -> None:
    played, server = telegram
    played.go_on.set()
    hold = folder / "hold"
    os.mkfifo(hold)
    environ = {"TELEGRAM_API_URL": server.url, "SEMBLANCE_SLOTS": "1", HOLD: str(hold)}
    app = "tests.integration.test_backpressure:with_a_held_engine()"
    jobs, callers = 1 + JOBS_PER_SLOT, 1 + LINE_PER_SLOT
    body = job().encode()
    with gunicorn(app, folder, **environ) as service:
        crowd = Crowd(service)
        crowd.calls(jobs, "/classify", body)
        eventually(lambda: told(service, FETCHED) == jobs, "the jobs to be in line")
        assert_refused(post_job(service))
        assert played.files == jobs
        crowd.calls(callers, "/v1/faces", b"\xff\xd8\xff picture", **JPEG)
        eventually(lambda: told(service, IN_FLIGHT) == jobs + callers, "the callers to be in line")
        assert_refused(service.call("POST", "/v1/faces", b"\xff\xd8\xff picture", **JPEG))
        assert service.call("GET", "/healthz").status == 200
        assert crowd.answers == []
        # A writer at the pipe, now and for those who come to it later.
        with hold.open("wb"):
            assert crowd.leaves() == [200] * (jobs + callers)
