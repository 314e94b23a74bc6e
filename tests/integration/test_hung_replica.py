"""A replica that hangs (SIGSTOP) under load, behind the real proxy: everybody is answered."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import psutil
import pytest

from bot.dispatcher.answers import Delivered, read_answer
from tests.fakes import Reply, Request, serving
from tests.fakes_services import job, signed
from tests.service_processes import Process, gunicorn, nginx, nginx_command

# nginx takes a replica for hung after 12 s; the rest is for a machine that has other things to do.
BOUND_S = 30.0
LEFT_OUT_AFTER_S = 15.0
# Whoever still came to the hung replica would wait for longer than this.
AT_ONCE_S = 11.0
WATCHED_S = 20.0
# One request every 5 s goes to it, to see whether it is back.
MAY_TRY = 2


class Telegram:
    """Has one picture for every file_id; `getFile` waits while `slow` says so."""

    def __init__(self, picture: bytes) -> None:
        self.picture, self.files, self.slow_s = picture, 0, 0.0

    def __call__(self, request: Request) -> Reply:
        if request.path.startswith("/file/"):
            return Reply(200, self.picture)
        result: Any = {"message_id": 4}
        if request.path.endswith("/getFile"):
            self.files += 1
            time.sleep(self.slow_s)
            result = {"file_id": "AgAD", "file_path": "photos/1.jpg"}
        return Reply(200, json.dumps({"ok": True, "result": result}).encode())


@dataclass(frozen=True)
class Asked:
    """One request: when it began, how long it took, whether it was answered as it should be."""

    began: float
    took_s: float
    well: bool


class Clients:
    """Clients at both doors who ask on and on, and never twice for the same."""

    def __init__(self, proxy: Process, picture: bytes) -> None:
        self._proxy, self._picture = proxy, picture
        self.asked: list[Asked] = []
        self._over = threading.Event()
        doors = [self._analyse] * 6 + [self._do_a_job] * 6
        self._threads = [threading.Thread(target=self._ask_on, args=(door,)) for door in doors]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _ask_on(self, door: Any) -> None:
        while not self._over.is_set():
            began = time.monotonic()
            well = door()
            self.asked.append(Asked(began, time.monotonic() - began, well))

    def _analyse(self) -> bool:
        answer = self._proxy.call("POST", "/v1/faces", self._picture, Content_Type="image/jpeg")
        return answer.status == 200 and len(answer.json["faces"]) == 1

    def _do_a_job(self) -> bool:
        body = job().encode()
        answer = self._proxy.call("POST", "/classify", body, **signed(body))
        return isinstance(read_answer(answer.status, answer.body), Delivered)


class World:
    """Two replicas of app_image and one of app_url behind nginx, and a Telegram."""

    def __init__(self, folder: Path, picture: bytes, stack: ExitStack) -> None:
        self.telegram = Telegram(picture)
        environ = {"TELEGRAM_API_URL": stack.enter_context(serving(self.telegram)).url}
        self.replicas = []
        for name in ("a", "b"):
            (folder / name).mkdir()
            app = gunicorn("services.app_image:create()", folder / name, **environ)
            self.replicas.append(stack.enter_context(app))
        self.url = stack.enter_context(gunicorn("services.app_url:create()", folder, **environ))
        images = [replica.socket for replica in self.replicas]
        self.proxy = stack.enter_context(nginx(folder, app_image=images, app_url=[self.url.socket]))


@pytest.fixture
def real_world(folder: Path, astronaut_jpeg: bytes) -> Iterator[World]:
    nginx_command()
    with ExitStack() as stack:
        yield World(folder, astronaut_jpeg, stack)


def everything_of(replica: Process) -> list[psutil.Process]:
    master = psutil.Process(replica.popen.pid)
    return [master, *master.children()]


def test_a_replica_that_hangs_is_left_out_and_whoever_it_held_is_answered_by_another(
    real_world: World, astronaut_jpeg: bytes
) -> None:
    hung = everything_of(real_world.replicas[0])
    (worker,) = everything_of(real_world.url)[1:]
    with Clients(real_world.proxy, astronaut_jpeg) as clients:
        time.sleep(2)
        for process in hung:
            process.suspend()
        # Beside it a hanging worker of a service that has no other: it is replaced by its master.
        worker.suspend()
        stopped_at = time.monotonic()
        refused = real_world.proxy.call("POST", "/v1/faces/url", {"url": "http://10.0.0.1/"})
        replaced_after_s = time.monotonic() - stopped_at
        time.sleep(max(0.0, stopped_at + WATCHED_S - time.monotonic()))
    for process in hung:
        process.send_signal(signal.SIGCONT)
    assert all(each.well for each in clients.asked)
    slowest_s = max(each.took_s for each in clients.asked)
    assert AT_ONCE_S < slowest_s < BOUND_S
    later = [e.took_s for e in clients.asked if e.began > stopped_at + LEFT_OUT_AFTER_S]
    assert len(later) > 10 * MAY_TRY
    assert sum(took_s > AT_ONCE_S for took_s in later) <= MAY_TRY
    assert refused.code == "url_refused"
    assert replaced_after_s < BOUND_S
    assert "WORKER TIMEOUT" in real_world.url.log


def test_a_job_that_takes_long_is_left_to_the_replica_that_does_it(real_world: World) -> None:
    real_world.telegram.slow_s = 14.0
    body = job().encode()
    began = time.monotonic()
    answer = real_world.proxy.call("POST", "/classify", body, **signed(body))
    assert time.monotonic() - began > 14
    assert isinstance(read_answer(answer.status, answer.body), Delivered)
    assert real_world.telegram.files == 1
