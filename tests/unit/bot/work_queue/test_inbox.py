"""What every inbox must do, whatever it is built on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot.work_queue import ADOPT_EVERY_S, Inbox, JobQueue, Limits, QueueUnavailable
from bot.work_queue.database import Database
from bot.work_queue.inbox import SqliteInbox
from bot.work_queue.redis import RedisQueue
from bot.work_queue.redis_inbox import RedisInbox
from bot.work_queue.server import QueueServer
from bot.work_queue.sqlite import SqliteQueue
from tests.redis import needs_redis, shared_server
from tests.unit.bot.jobs import Clock


@dataclass
class Place:
    """Where updates are kept; each `inbox()` is that of a bot process of its own."""

    inbox: Callable[[], Inbox]
    queue: JobQueue


def in_a_file(folder: Path, clock: Clock, stack: ExitStack) -> Place:
    database = stack.enter_context(closing(Database(folder / "queue.db", synchronous="normal")))
    queue = SqliteQueue(database, Limits(), clock=clock)
    return Place(lambda: SqliteInbox(database, clock=clock), queue)


def on_a_server(folder: Path, clock: Clock, stack: ExitStack) -> Place:
    server = QueueServer(shared_server().url, bot_id=str(folder), clock=clock)
    stack.enter_context(closing(server))
    return Place(lambda: RedisInbox(server), RedisQueue(server, Limits()))


PLACES = {"sqlite": in_a_file, "redis": on_a_server}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["sqlite", pytest.param("redis", marks=needs_redis)])
def place(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[Place]:
    with ExitStack() as stack:
        yield PLACES[request.param](tmp_path, clock, stack)


@pytest.fixture
def inbox(place: Place) -> Inbox:
    return place.inbox()


def test_updates_wait_in_order_until_they_are_answered(inbox: Inbox) -> None:
    assert inbox.keep(12, b"second")
    assert inbox.keep(9, b"first")
    assert inbox.waiting() == [b"first", b"second"]
    inbox.done(9)
    assert inbox.waiting() == [b"second"]


def test_an_update_is_kept_once_answered_or_not(inbox: Inbox) -> None:
    assert not inbox.knows(11)
    inbox.keep(11, b"x")
    assert inbox.knows(11)
    assert not inbox.keep(11, b"x")
    inbox.done(11)
    assert inbox.knows(11)
    assert not inbox.keep(11, b"x")
    assert inbox.waiting() == []


def test_answered_updates_are_forgotten_in_the_end(
    place: Place, inbox: Inbox, clock: Clock
) -> None:
    inbox.keep(11, b"x")
    inbox.done(11)
    clock.pass_s(Limits().remember_s)
    place.queue.tidy()
    assert not inbox.knows(11)


def test_what_a_dead_bot_left_is_adopted_in_order_and_once(place: Place, clock: Clock) -> None:
    dead, alive = place.inbox(), place.inbox()
    dead.adopt()
    dead.keep(12, b"second")
    dead.keep(9, b"first")
    dead.keep(10, b"answered")
    dead.done(10)
    clock.pass_s(3 * ADOPT_EVERY_S)
    assert alive.adopt() == [b"first", b"second"]
    assert alive.adopt() == []
    assert alive.waiting() == [b"first", b"second"]


def test_nobody_adopts_what_it_keeps_itself(inbox: Inbox, clock: Clock) -> None:
    inbox.adopt()
    inbox.keep(11, b"x")
    clock.pass_s(9 * ADOPT_EVERY_S)
    assert inbox.adopt() == []


@needs_redis
def test_what_was_kept_without_an_answer_is_adopted_by_its_own_bot(
    tmp_path: Path, clock: Clock
) -> None:
    """The server hung, the caller was told to come back, and found the update known."""
    with ExitStack() as stack:
        place = on_a_server(tmp_path, clock, stack)
        inbox = place.inbox()
        assert isinstance(inbox, RedisInbox)
        inbox.adopt()
        run = inbox._run

        def unanswered(*arguments: Any) -> None:
            run(*arguments)
            raise QueueUnavailable("the queue server does not answer")

        inbox._run = unanswered
        with pytest.raises(QueueUnavailable):
            inbox.keep(11, b"x")
        inbox._run = run
        assert inbox.knows(11)
        assert not inbox.keep(11, b"x")
        assert inbox.adopt() == [b"x"]
        assert inbox.adopt() == []


@needs_redis
def test_what_a_living_bot_keeps_is_left_to_it(tmp_path: Path, clock: Clock) -> None:
    with ExitStack() as stack:
        place = on_a_server(tmp_path, clock, stack)
        one, other = place.inbox(), place.inbox()
        for _ in range(5):
            assert one.adopt() == other.adopt() == []
            one.keep(11, b"x")
            clock.pass_s(2 * ADOPT_EVERY_S)
        clock.pass_s(ADOPT_EVERY_S)
        assert other.adopt() == [b"x"]
