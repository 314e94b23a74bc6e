"""A signature is good once, behind the real proxy; what nginx repeats by itself is no replay."""

from __future__ import annotations

import json
import os
import signal
import threading
from pathlib import Path

import psutil

from tests.fakes import Reply, Request, serving
from tests.fakes_services import SECRET, job, signed
from tests.service_processes import Answer, Process, eventually, gunicorn, nginx, nginx_command
from utils.settings import Secret
from utils.signature import SIGNATURE_HEADER, sign

APP = "services.app_image:create()"


class Telegram:
    """Has one picture; the first `getFile` waits until `go_on`."""

    def __init__(self, picture: bytes) -> None:
        self.picture, self.files, self.edits = picture, 0, 0
        self.go_on = threading.Event()

    def __call__(self, request: Request) -> Reply:
        if request.path.startswith("/file/"):
            return Reply(200, self.picture)
        result = {"message_id": 4}
        if request.path.endswith("/getFile"):
            self.files += 1
            if self.files == 1:
                self.go_on.wait(30)
            result = {"file_id": "AgAD", "file_path": "photos/1.jpg"}
        else:
            self.edits += 1
        return Reply(200, json.dumps({"ok": True, "result": result}).encode())


def post(proxy: Process, headers: dict[str, str]) -> Answer:
    return proxy.call("POST", "/classify", job().encode(), **headers)


def workers(service: Process) -> list[psutil.Process]:
    return psutil.Process(service.popen.pid).children()


def test_a_signature_is_good_once_for_all_workers_of_a_replica(
    folder: Path, astronaut_jpeg: bytes
) -> None:
    telegram = Telegram(astronaut_jpeg)
    telegram.go_on.set()
    with (
        serving(telegram) as server,
        gunicorn(APP, folder, TELEGRAM_API_URL=server.url, SEMBLANCE_WORKERS="2") as service,
    ):
        headers = signed(job().encode())
        assert post(service, headers).status == 200
        # While either of the two is stopped the other one answers.
        for stopped in eventually(lambda: len(workers(service)) == 2 and workers(service), "both"):
            stopped.suspend()
            try:
                again = post(service, headers)
            finally:
                stopped.resume()
            assert (again.status, again.code) == (403, "not_signed")
        assert post(service, signed(job().encode())).status == 200
        assert telegram.edits == 2
        assert service.log.count("reason=replayed") == 2
        assert headers[SIGNATURE_HEADER] not in service.log


def test_what_a_worker_dies_over_the_other_one_may_take(
    folder: Path, astronaut_jpeg: bytes
) -> None:
    nginx_command()
    telegram = Telegram(astronaut_jpeg)
    answers: list[Answer] = []
    with (
        serving(telegram) as server,
        gunicorn(APP, folder, TELEGRAM_API_URL=server.url, SEMBLANCE_WORKERS="2") as service,
        nginx(folder, app_image=[service.socket], app_url=["/nope"]) as proxy,
    ):
        eventually(lambda: len(workers(service)) == 2, "both workers")
        headers = signed(job().encode())
        request = threading.Thread(target=lambda: answers.append(post(proxy, headers)))
        request.start()
        (holder,) = eventually(
            lambda: [each for each in workers(service) if _talks_to(each, server.url)],
            "the worker that has the job",
        )
        assert post(proxy, headers).status == 403
        os.kill(holder.pid, signal.SIGKILL)
        request.join(60)
        telegram.go_on.set()
        assert (answers[0].status, answers[0].json["success"]) == (200, 1)
        assert (telegram.files, telegram.edits) == (2, 1)
        assert post(proxy, headers).status == 403


def test_an_old_signature_is_refused_and_the_log_speaks_of_clocks(folder: Path) -> None:
    body = job().encode()
    with gunicorn(APP, folder) as service:
        old = sign(body, Secret(SECRET), now=1_700_000_000)
        answer = service.call("POST", "/classify", body, **{SIGNATURE_HEADER: old})
        assert (answer.status, answer.code) == (403, "not_signed")
        assert "behind this machine's clock" in service.log
        assert "reason=stale" in service.log


def _talks_to(process: psutil.Process, url: str) -> bool:
    port = int(url.rpartition(":")[2])
    return any(
        each.raddr and each.raddr.port == port and each.status == psutil.CONN_ESTABLISHED
        for each in process.net_connections(kind="tcp")
    )
