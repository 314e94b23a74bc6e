"""Several processes on one queue in a real redis-server, some of them killed."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from benchmarks.redis_server import RedisServer
from bot.work_queue import Depth, Duplicate, Limits
from bot.work_queue.redis import RedisQueue
from bot.work_queue.server import QueueServer
from tests.integration.test_bot import eventually
from tests.redis import needs_redis
from tests.unit.bot.jobs import a_job
from utils.settings import ROOT

pytestmark = needs_redis

AT_ONCE = 3
# Each line says what was acked, so that a job acked twice would be seen.
WORKER = f"""
import sys, time
from bot.work_queue import Limits, QueueUnavailable
from bot.work_queue.redis import RedisQueue
from bot.work_queue.server import QueueServer
queue = RedisQueue(QueueServer(sys.argv[1], bot_id="1"), Limits())
while True:
    try:
        for claim in queue.claim({AT_ONCE}, "worker", 0.5):
            time.sleep(0.005)
            if queue.ack(claim):
                print(claim.job.id, flush=True)
    except QueueUnavailable:
        pass
    time.sleep(0.01)
"""


class Workers:
    """Processes that claim and ack; each writes into a file of its own."""

    def __init__(self, url: str, folder: Path) -> None:
        self._url, self._folder = url, folder
        self.running: list[subprocess.Popen[bytes]] = []
        self.started = 0

    def start(self) -> None:
        self.started += 1
        with (self._folder / f"{self.started}.txt").open("wb") as out:
            command = [sys.executable, "-c", WORKER, self._url]
            self.running.append(subprocess.Popen(command, cwd=ROOT, stdout=out))

    def kill_one(self) -> None:
        victim = self.running.pop(0)
        victim.kill()
        victim.wait()

    def acked(self) -> list[str]:
        return [line for file in self._folder.iterdir() for line in file.read_text().split()]


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@pytest.fixture
def workers(server: RedisServer, tmp_path: Path) -> Iterator[Workers]:
    workers = Workers(server.url, tmp_path)
    yield workers
    while workers.running:
        workers.kill_one()


def test_kills_of_workers_and_of_the_server_lose_no_job_and_double_none(
    server: RedisServer, workers: Workers
) -> None:
    chance = random.Random(7)
    jobs = [a_job(i, user_id=i % 40, chat_id=i % 9, enqueued_at=time.time()) for i in range(400)]
    with closing(QueueServer(server.url, bot_id="1")) as client:
        queue = RedisQueue(client, Limits())
        for _ in range(3):
            workers.start()
        for i, job in enumerate(jobs):
            queue.put(job)
            if i % 100 == 50:
                workers.kill_one()
                workers.start()
            if i == 200:
                server.kill()
                time.sleep(chance.random())
                server.start()
        eventually(lambda: queue.depth() == Depth(0, 0, 0), "an empty queue")
        assert {type(queue.put(job)) for job in jobs} == {Duplicate}
    acked = workers.acked()
    assert len(acked) == len(set(acked))
    # A worker may die, or lose the answer, between an ack and the line about it.
    assert len(acked) >= len(jobs) - AT_ONCE * workers.started
