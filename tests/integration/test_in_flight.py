"""The dispatcher before a real HTTP server whose number of places changes while it works."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from bot.dispatcher import Dispatcher
from bot.dispatcher.chat import Chat
from bot.dispatcher.client import ServiceClient
from bot.dispatcher.limit import InFlightLimit
from bot.dispatcher.work import Work
from bot.work_queue import Limits
from bot.work_queue.database import Database
from bot.work_queue.sqlite import SqliteQueue
from tests.fakes import FakeTelegram, Reply, Request, serving
from tests.unit.bot.jobs import a_job
from utils.jobs import Job
from utils.settings import Secret

JOB_S = 0.1
PATIENCE_S = 60.0


class Replicas:
    """Takes as many jobs at a time as it has places; tells the others at once to come again."""

    def __init__(self, places: int) -> None:
        self.places, self.now, self.most = places, 0, 0
        self.done: list[str] = []
        self.refused = 0
        self._lock = threading.Lock()

    def __call__(self, request: Request) -> Reply:
        with self._lock:
            if self.now >= self.places:
                self.refused += 1
                return Reply(503, b'{"error": {"code": "busy"}}', {"Retry-After": "1"})
            self.now += 1
            self.most = max(self.most, self.now)
        time.sleep(JOB_S)
        with self._lock:
            self.now -= 1
            self.done.append(Job.decode(request.body).id)
        return Reply()

    def become(self, places: int) -> None:
        with self._lock:
            self.places, self.most = places, 0


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def feed(queue: SqliteQueue, stopped: threading.Event) -> None:
    """Photos of as many people as it takes, so that some always wait."""
    for number in itertools.count(1):
        while queue.depth().waiting > 200 and not stopped.is_set():
            time.sleep(0.02)
        if stopped.is_set():
            return
        queue.put(a_job(number, user_id=number, chat_id=number, enqueued_at=time.time()))


def test_it_follows_the_row_of_replicas_up_and_down(tmp_path: Path) -> None:
    replicas = Replicas(6)
    limit = InFlightLimit(least=1, most=64)
    with (
        closing(Database(tmp_path / "queue.db", synchronous="normal")) as database,
        serving(replicas) as server,
        closing(ServiceClient(server.url, Secret("s" * 16), connections=64)) as client,
    ):
        queue = SqliteQueue(database, Limits())
        work = Work(queue, client, Chat(FakeTelegram(), queue), max_age_s=900.0, limit=limit)
        dispatcher = Dispatcher(queue, work, lease_s=60.0)
        stopped = threading.Event()
        feeding = threading.Thread(target=feed, args=(queue, stopped))
        feeding.start()
        dispatcher.start()
        try:
            eventually(lambda: replicas.most == 6 and replicas.refused > 0)
            replicas.become(24)
            eventually(lambda: replicas.most == 24)
            replicas.become(3)
            eventually(lambda: limit.value <= 3)
            before = len(replicas.done)
            eventually(lambda: len(replicas.done) > before + 50)
        finally:
            stopped.set()
            feeding.join()
            assert dispatcher.stop(drain_s=PATIENCE_S)
    assert len(replicas.done) == len(set(replicas.done))
