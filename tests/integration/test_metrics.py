"""`/metrics` under a real gunicorn with two workers, and a real nginx that does not show it."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.metric_values import values_of
from tests.service_processes import Process, eventually, gunicorn, nginx, nginx_command

JPEG = {"Content_Type": "image/jpeg"}
ANSWERED = 'semblance_photos_total{outcome="faces",route="/v1/faces"}'
NO_PICTURE = 'semblance_photos_total{outcome="not_an_image",route="/v1/faces"}'


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    folder = tmp_path_factory.mktemp("m")
    two = {"SEMBLANCE_WORKERS": "2"}
    with gunicorn("services.app_image:create()", folder, **two) as service:
        eventually(lambda: service.log.count("Booting worker") == 2, "two workers")
        for worker in workers(service):
            with only(service, worker):
                eventually(lambda: service.call("GET", "/readyz").status == 200, "a worker")
        yield service


def workers(service: Process) -> list[psutil.Process]:
    return psutil.Process(service.popen.pid).children()


@contextmanager
def only(service: Process, chosen: psutil.Process) -> Iterator[None]:
    """One worker answers, its siblings are stopped meanwhile."""
    others = [worker for worker in workers(service) if worker.pid != chosen.pid]
    for each in others:
        each.suspend()
    try:
        yield
    finally:
        for each in others:
            each.resume()


def told(service: Process) -> dict[str, float]:
    return values_of(service.call("GET", "/metrics").body)


def test_counts_of_both_workers_add_up_whoever_answers(
    service: Process, astronaut_jpeg: bytes
) -> None:
    before = told(service).get(ANSWERED, 0)
    first, second = workers(service)
    for worker, photos in ((first, 3), (second, 2)):
        with only(service, worker):
            for _ in range(photos):
                assert service.call("POST", "/v1/faces", astronaut_jpeg, **JPEG).status == 200
    for worker in (first, second):
        with only(service, worker):
            assert told(service)[ANSWERED] == before + 5
    seen = told(service)
    for stage in ("decode", "detect", "classify"):
        assert seen[f'semblance_stage_seconds_count{{stage="{stage}"}}'] >= 5
    assert seen["semblance_photos_in_flight"] == 0


def test_no_count_goes_back_when_a_worker_is_killed_and_replaced(service: Process) -> None:
    first, second = workers(service)
    for worker in (first, second):
        with only(service, worker):
            assert service.call("POST", "/v1/faces", b"text", **JPEG).status == 422
    before = told(service)
    files = files_of(service)
    os.kill(first.pid, signal.SIGKILL)
    eventually(lambda: first.pid not in [w.pid for w in workers(service)], "its end")
    with only(service, second):
        assert told(service)[NO_PICTURE] == before[NO_PICTURE]
    (third,) = eventually(
        lambda: [w for w in workers(service) if w.pid not in (first.pid, second.pid)],
        "a new worker",
    )
    with only(service, third):
        eventually(lambda: service.call("GET", "/readyz").status == 200, "the new worker")
        assert service.call("POST", "/v1/faces", b"text", **JPEG).status == 422
        assert told(service)[NO_PICTURE] == before[NO_PICTURE] + 1
    assert files_of(service) == files


def files_of(service: Process) -> set[Path]:
    return {
        Path(mapped.path)
        for worker in workers(service)
        for mapped in worker.memory_maps()
        if "semblance-metrics-" in mapped.path and Path(mapped.path).exists()
    }


def test_the_replicas_memory_and_time_are_told(service: Process) -> None:
    if not Path("/proc/stat").exists():
        pytest.skip("needs Linux' /proc")
    seen = told(service)
    resident = sum(worker.memory_info().rss for worker in workers(service))
    assert resident / 4 < seen["process_resident_memory_bytes"] < resident * 1.5
    assert seen["process_cpu_seconds_total"] > 0.1


def test_the_counts_leave_nothing_behind(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("m")
    with gunicorn("services.app_image:create()", folder) as service:
        files = files_of(service)
        assert {path.name for path in files} == {
            "counter_1.db",
            "histogram_1.db",
            "gauge_livesum_1.db",
        }
        assert all(path.parent.stat().st_mode & 0o077 == 0 for path in files)
    assert not any(path.parent.exists() for path in files)


@pytest.mark.parametrize("path", ["/metrics", "/metrics/", "/metrics?name[]=up", "/readyz"])
def test_nginx_shows_nobody_the_figures_of_a_service(
    service: Process, tmp_path_factory: pytest.TempPathFactory, path: str
) -> None:
    nginx_command()
    folder = tmp_path_factory.mktemp("m")
    with nginx(folder, app_image=[service.socket], app_url=[service.socket]) as proxy:
        answer = proxy.call("GET", path)
        assert (answer.status, answer.code) == (404, "not_found")
        assert not re.search(rb"semblance_|process_", answer.body)
