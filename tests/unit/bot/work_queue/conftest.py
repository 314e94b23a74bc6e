"""Every implementation of the work queue; the conformance suite runs once for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from benchmarks.redis_server import RedisServer
from bot.work_queue import JobQueue, Limits
from bot.work_queue.database import Database
from bot.work_queue.redis import RedisQueue
from bot.work_queue.server import QueueServer
from bot.work_queue.sqlite import SqliteQueue
from tests.redis import needs_redis, shared_server
from tests.unit.bot.jobs import Clock

MakeQueue = Callable[..., JobQueue]


def sqlite_queues(folder: Path, clock: Clock, stack: ExitStack) -> MakeQueue:
    """Opens the same file again at each call, as a restarted bot does."""

    def make(limits: Limits | None = None) -> JobQueue:
        database = stack.enter_context(closing(Database(folder / "queue.db", synchronous="normal")))
        return SqliteQueue(database, limits or Limits(), clock=clock)

    return make


def redis_queues(folder: Path, clock: Clock, stack: ExitStack) -> MakeQueue:
    """Connects anew at each call; the folder's name keeps the queues of different tests apart."""

    def make(limits: Limits | None = None) -> JobQueue:
        server = QueueServer(shared_server().url, bot_id=str(folder), clock=clock)
        return RedisQueue(stack.enter_context(closing(server)), limits or Limits())

    return make


IMPLEMENTATIONS = {"sqlite": sqlite_queues, "redis": redis_queues}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["sqlite", pytest.param("redis", marks=needs_redis)])
def make_queue(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[MakeQueue]:
    with ExitStack() as stack:
        yield IMPLEMENTATIONS[request.param](tmp_path, clock, stack)


@pytest.fixture
def queue(make_queue: MakeQueue) -> JobQueue:
    return make_queue()


@pytest.fixture
def server() -> Iterator[RedisServer]:
    """One that the test may stop, fill or configure."""
    with RedisServer() as server:
        yield server


@pytest.fixture
def client(server: RedisServer) -> Iterator[QueueServer]:
    with closing(QueueServer(server.url, bot_id="1")) as client:
        yield client
