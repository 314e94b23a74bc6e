"""What a run prints, measures, answers and shows to other users of the machine holds no secret."""

from __future__ import annotations

import base64
import signal
import time
from collections.abc import Iterator

import psutil
import pytest
import requests

from benchmarks.redis_server import RedisServer
from tests.local_run import LocalRun, free_port
from tests.person import Person
from tests.redis import needs_redis
from tests.service_processes import call, eventually, nginx_command
from tests.traces import Traces

KEY = "a-key-of-the-api-0123456789"
WRONG_KEY = "a-key-that-somebody-lost-9876"
SECRETS = {
    "SEMBLANCE_SECRET": "the-secret-between-bot-and-services",
    "SEMBLANCE_WEBHOOK_SECRET": "the-secret-of-the-webhook",
    "SEMBLANCE_API_KEYS": KEY,
}
PASSWORD = "the-password-of-the-queue"
# Each ends a process in a way of its own: some of them make libraries print what they know.
CRASHES = {
    "services.app_image": signal.SIGSEGV,
    "services.app_url": signal.SIGABRT,
    "nginx: worker": signal.SIGKILL,
    "-m bot$": signal.SIGABRT,
}


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Iterator[tuple[LocalRun, RedisServer]]:
    nginx_command()
    port, metrics = free_port(), free_port()
    with (
        RedisServer(requirepass=PASSWORD) as server,
        LocalRun(
            tmp_path_factory.mktemp("s"),
            SEMBLANCE_PORT=str(port),
            SEMBLANCE_QUEUE=f"unix://:{PASSWORD}@{server.socket}",
            SEMBLANCE_WEBHOOK_URL=f"http://127.0.0.1:{port}",
            SEMBLANCE_WEBHOOK_BIND=f"127.0.0.1:{free_port()}",
            SEMBLANCE_METRICS_BIND=f"127.0.0.1:{metrics}",
            # What a bot held that dies is soon another's.
            SEMBLANCE_LEASE_S="5",
            **SECRETS,
        ) as run,
    ):
        yield run, server


def secrets_of(run: LocalRun) -> Traces:
    """All of them, as they are and in base64; the token is what the launcher made."""
    (bot,) = run.processes("-m bot$")
    environ = bot.environ()
    traces = Traces()
    for name, secret in {
        **SECRETS,
        "TELEGRAM_TOKEN": environ["TELEGRAM_TOKEN"],
        "SEMBLANCE_QUEUE": PASSWORD,
        "a wrong key": WRONG_KEY,
    }.items():
        traces.add_word(name, secret)
        traces.add_word(
            f"{name} in base64", base64.b64encode(secret.encode()).decode().rstrip("=")[:-1]
        )
    assert {"SEMBLANCE_SECRET", "TELEGRAM_TOKEN"} <= traces.found_in(
        "\n".join(environ.values()).encode()
    )
    return traces


def ask(run: LocalRun, path: str, key: str, **content: object) -> bytes:
    answer = requests.post(
        f"{run.environ['SEMBLANCE_WEBHOOK_URL']}{path}",
        headers={"Authorization": f"Bearer {key}"},
        timeout=60,
        **content,
    )
    return answer.content + repr(answer.headers).encode()


@needs_redis
def test_a_bad_day_tells_no_secret(run, astronaut_jpeg):
    run, server = run
    traces = secrets_of(run)
    told: list[tuple[str, bytes]] = []
    person = Person(run.playground_url)
    for pattern, number in CRASHES.items():
        asked = person.send_photos(astronaut_jpeg)
        asked.append(person.send("http://nowhere.invalid/photo.jpg"))
        for process in run.processes(pattern):
            process.send_signal(number)
        person.wait(asked)
    server.kill()
    time.sleep(2)
    server.start()
    for process in (playground := run.processes("-m playground")):
        process.suspend()
    time.sleep(3)
    for process in playground:
        process.resume()
    person.wait(person.send_photos(astronaut_jpeg))
    for key in (KEY, WRONG_KEY):
        told += [
            ("an answer", ask(run, "/v1/faces", key, files={"image": astronaut_jpeg})),
            ("an answer", ask(run, "/v1/faces", key, data=b"no picture")),
            ("an answer", ask(run, "/v1/faces/url", key, json={"url": "http://127.0.0.1/"})),
            ("an answer", ask(run, "/classify", key, json={"update_id": 1})),
            ("an answer", ask(run, "/telegram", key, json={"update_id": 1})),
        ]
    bot = f"127.0.0.1:{run.environ['SEMBLANCE_METRICS_BIND'].rpartition(':')[2]}"
    services = {
        connection.laddr
        for name in ("app_image", "app_url")
        for process in run.processes(f"services.{name}")
        for connection in process.net_connections("unix")
        if str(connection.laddr).endswith(".sock")
    }
    assert len(services) == 2
    for where in (bot, *services):
        figures = eventually(
            lambda where=where: call(where, "GET", "/metrics"), f"{where}'s figures"
        )
        told.append((f"figures of {where}", figures.body))
        assert figures.status in {200, 401}
    told += [
        (f"arguments of {each.pid}", " ".join(each.cmdline()).encode())
        for each in psutil.Process(run.process.pid).children(recursive=True)
    ]
    printed = run.printed()
    assert printed.count("starting it again") >= 3
    assert traces.found_among([*told, ("the log", printed.encode())]) == []
