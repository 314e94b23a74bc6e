"""A real gunicorn from start to stop: settings, load, signals, a Telegram that is away."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.conftest import encoded
from tests.fakes_services import (
    header_of,
    job,
    signed,
    stranger,
)
from tests.fakes_services import (
    http as http_answer,
)
from tests.service_processes import UnixConnection, eventually, gunicorn
from utils.capacity import capacity_of
from utils.machine import Machine
from utils.settings import Settings

JPEG = {"Content_Type": "image/jpeg"}


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("o")


def test_telegram_away_is_502_with_a_time_to_come_again(folder):
    with gunicorn("services.app_image:create()", folder) as alone:
        body = job().encode()
        answer = alone.call("POST", "/classify", body, **signed(body))
    assert (answer.status, answer.code) == (502, "telegram_unavailable")
    assert int(answer.headers["Retry-After"]) >= 1
    assert "Traceback" not in alone.log


def test_more_than_the_line_holds_is_told_to_come_again_while_health_is_answered(folder, astronaut):
    # So large that thirty requests are there before a few are answered, on any machine.
    large = encoded(astronaut.repeat(8, axis=0).repeat(8, axis=1), "JPEG")
    answers: list[Any] = []
    environ = {"SEMBLANCE_SLOTS": "1"}
    with gunicorn("services.app_image:create()", folder, **environ) as service:
        crowd = [
            threading.Thread(
                target=lambda: answers.append(service.call("POST", "/v1/faces", large, **JPEG))
            )
            for _ in range(30)
        ]
        for each in crowd:
            each.start()
        assert service.call("GET", "/healthz").status == 200
        for each in crowd:
            each.join()
    counted = Counter(answer.status for answer in answers)
    assert set(counted) == {200, 503}
    assert counted[200] >= 9
    busy = next(answer for answer in answers if answer.status == 503)
    assert (busy.code, busy.headers["Retry-After"]) == ("busy", "1")


def test_a_stop_finishes_what_is_in_flight(folder, astronaut_jpeg):
    asked, go_on, answers = threading.Event(), threading.Event(), []

    def slow(line: socket.socket) -> None:
        header_of(line)
        asked.set()
        go_on.wait(10)
        line.sendall(http_answer(astronaut_jpeg))

    with gunicorn("services.app_url:create()", folder) as service:
        with stranger(slow) as port:
            url = f"http://127.0.0.1:{port}/"
            request = threading.Thread(
                target=lambda: answers.append(service.call("POST", "/v1/faces/url", {"url": url}))
            )
            request.start()
            assert asked.wait(30)
            service.popen.send_signal(signal.SIGTERM)
            eventually(lambda: "Handling signal: term" in service.log, "the signal")
            go_on.set()
            request.join()
        assert service.popen.wait(60) == 0
    assert (answers[0].status, len(answers[0].json["faces"])) == (200, 1)


def test_an_idle_connection_does_not_hold_up_a_stop(folder):
    with gunicorn("services.app_image:create()", folder) as service:
        connection = UnixConnection(service.socket)
        connection.request("GET", "/healthz")
        connection.getresponse().read()
        begun = time.monotonic()
        assert service.stop() == 0
        # gunicorn's own worker would wait for its graceful timeout of 30 s.
        assert time.monotonic() - begun < 20
        connection.close()


def test_a_worker_that_was_killed_is_replaced(folder):
    with gunicorn("services.app_image:create()", folder) as service:
        (worker,) = children(service.popen.pid)
        os.kill(worker, signal.SIGKILL)
        eventually(lambda: children(service.popen.pid) not in ([], [worker]), "a new worker")
        eventually(lambda: service.call("GET", "/readyz").status == 200, "the new worker")


def children(pid: int) -> list[int]:
    return [child.pid for child in psutil.Process(pid).children()]


def test_a_wrong_setting_ends_the_start_with_one_sentence(folder):
    with gunicorn(
        "services.app_image:create()", folder, wait=False, SEMBLANCE_SLOTS="many"
    ) as service:
        assert service.popen.wait(60) == 78
        (line,) = service.log.splitlines()
        assert line.startswith("cannot start: SEMBLANCE_SLOTS must be")


def test_a_network_that_does_not_load_ends_the_whole_server(folder):
    with gunicorn("tests.service_processes:with_a_broken_network()", folder, wait=False) as it:
        assert it.popen.wait(60) == 4
        assert "cannot start: emotion.onnx is not the file" in it.log
        assert "Traceback" not in it.log
        assert it.log.count("Booting worker") == 1


def test_it_says_what_it_starts_and_starts_that(folder):
    with gunicorn(
        "services.app_image:create()", folder, SEMBLANCE_WORKERS="", SEMBLANCE_SLOTS=""
    ) as service:
        wanted = capacity_of(Machine.look(), Settings.load({}, dotenv=None))
        assert service.log.count(wanted.sentence) == 1
        eventually(lambda: len(children(service.popen.pid)) == wanted.workers, "the workers")


def test_workers_that_were_set_all_start_and_answer(folder):
    with gunicorn(
        "services.app_image:create()", folder, SEMBLANCE_WORKERS="2", SEMBLANCE_SLOTS="1"
    ) as service:
        assert "2 workers of 1 slot, as SEMBLANCE_WORKERS and SEMBLANCE_SLOTS say" in service.log
        eventually(lambda: len(children(service.popen.pid)) == 2, "two workers")
        for worker in children(service.popen.pid):
            (other,) = set(children(service.popen.pid)) - {worker}
            psutil.Process(other).suspend()
            try:
                eventually(lambda: service.call("GET", "/readyz").status == 200, "this one")
            finally:
                psutil.Process(other).resume()
