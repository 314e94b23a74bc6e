from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bot.work_queue import Limits
from bot.work_queue.database import Database
from bot.work_queue.inbox import SqliteInbox
from bot.work_queue.sqlite import SqliteQueue
from tests.unit.bot.jobs import Clock


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with closing(Database(tmp_path / "queue.db", synchronous="normal")) as database:
        yield database


@pytest.fixture
def inbox(database: Database) -> SqliteInbox:
    return SqliteInbox(database, clock=Clock())


def test_updates_wait_in_order_until_they_are_answered(inbox: SqliteInbox) -> None:
    assert inbox.keep(12, b"second")
    assert inbox.keep(11, b"first")
    assert inbox.waiting() == [b"first", b"second"]
    inbox.done(11)
    assert inbox.waiting() == [b"second"]


def test_an_update_is_kept_once_answered_or_not(inbox: SqliteInbox) -> None:
    assert not inbox.knows(11)
    inbox.keep(11, b"x")
    assert inbox.knows(11)
    assert not inbox.keep(11, b"x")
    inbox.done(11)
    assert inbox.knows(11)
    assert not inbox.keep(11, b"x")
    assert inbox.waiting() == []


def test_answered_updates_are_forgotten_in_the_end(database: Database) -> None:
    clock = Clock()
    inbox = SqliteInbox(database, clock=clock)
    inbox.keep(11, b"x")
    inbox.done(11)
    clock.pass_s(Limits().remember_s)
    SqliteQueue(database, Limits(), clock=clock).tidy()
    assert not inbox.knows(11)
