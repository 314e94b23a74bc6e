from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bot.work_queue import Limits
from bot.work_queue.database import Database
from bot.work_queue.sqlite import SqliteQueue
from tests.fakes import FakeTelegram
from tests.unit.bot.dispatcher.scene import Scene
from tests.unit.bot.jobs import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with closing(Database(tmp_path / "queue.db", synchronous="normal")) as database:
        yield database


@pytest.fixture
def queue(database: Database, clock: Clock) -> SqliteQueue:
    return SqliteQueue(database, Limits(), clock=clock)


@pytest.fixture
def telegram() -> FakeTelegram:
    return FakeTelegram()


@pytest.fixture
def scene(queue: SqliteQueue, telegram: FakeTelegram, clock: Clock) -> Scene:
    return Scene(queue, telegram, clock)
