from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest

from bot.dispatcher import Dispatcher
from bot.dispatcher.answers import Answer, Delivered, Later
from bot.dispatcher.chat import Chat
from bot.dispatcher.limit import InFlightLimit
from bot.dispatcher.work import Work
from bot.work_queue import Claim, Depth, Limits, QueueUnavailable
from bot.work_queue.database import Database
from bot.work_queue.sqlite import SqliteQueue
from tests.fakes import FakeTelegram
from tests.unit.bot.jobs import NOON, Clock, a_job
from utils.jobs import Job

PATIENCE_S = 30.0


class Services:
    """Answers by a function, and counts how many jobs it holds at the same time."""

    def __init__(self, answer: Callable[[Job], Answer] = lambda _: Delivered()) -> None:
        self.answer = answer
        self.lock = threading.Lock()
        self.now = self.most = 0
        self.jobs: list[str] = []

    def post(self, job: Job) -> Answer:
        with self.lock:
            self.jobs.append(job.id)
            self.now += 1
            self.most = max(self.most, self.now)
        try:
            return self.answer(job)
        finally:
            with self.lock:
                self.now -= 1


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@contextmanager
def dispatching(
    queue: SqliteQueue, services: Services, *, lease_s: float = 60.0
) -> Iterator[Dispatcher]:
    work = Work(
        queue,
        services,
        Chat(FakeTelegram(), queue),
        max_age_s=900.0,
        limit=InFlightLimit(least=3, most=3),
        clock=lambda: NOON,
    )
    dispatcher = Dispatcher(queue, work, lease_s=lease_s)
    dispatcher.start()
    try:
        yield dispatcher
    finally:
        dispatcher.stop(drain_s=PATIENCE_S)


def test_several_jobs_are_in_flight_at_once_but_never_more_than_allowed(
    queue: SqliteQueue,
) -> None:
    together = threading.Barrier(3)

    def wait_for_the_others(_: Job) -> Answer:
        together.wait(PATIENCE_S)
        return Delivered()

    for i in range(9):
        queue.put(a_job(i))
    services = Services(wait_for_the_others)
    with dispatching(queue, services):
        eventually(lambda: queue.depth() == Depth(0, 0, 0))
    assert services.most == 3
    assert len(services.jobs) == 9


def test_stopping_waits_for_what_is_in_flight_and_claims_no_more(queue: SqliteQueue) -> None:
    busy, go_on = threading.Event(), threading.Event()

    def slow(_: Job) -> Answer:
        busy.set()
        go_on.wait(PATIENCE_S)
        return Delivered()

    services = Services(slow)
    for i in range(4):
        queue.put(a_job(i))
    with dispatching(queue, services) as dispatcher:
        busy.wait(PATIENCE_S)
        eventually(lambda: queue.depth().in_flight == 3)
        assert not dispatcher.stop(drain_s=0.05)
        go_on.set()
        assert dispatcher.stop(drain_s=PATIENCE_S)
    assert queue.depth() == Depth(waiting=1, in_flight=0, dead=0)


def test_leases_of_long_jobs_are_kept_alive(database: Database, clock: Clock) -> None:
    beats = threading.Semaphore(0)
    go_on = threading.Event()

    class Beating(SqliteQueue):
        def heartbeat(self, claims: Sequence[Claim], lease_s: float) -> list[Claim]:
            lost = super().heartbeat(claims, lease_s)
            beats.release()
            return lost

    def slow(_: Job) -> Answer:
        go_on.wait(PATIENCE_S)
        return Delivered()

    queue = Beating(database, Limits(), clock=clock)
    queue.put(a_job())
    with dispatching(queue, Services(slow), lease_s=0.3):
        for _ in range(4):
            assert beats.acquire(timeout=PATIENCE_S)
            clock.pass_s(0.2)
        assert beats.acquire(timeout=PATIENCE_S)
        assert queue.claim(1, "thief", 60.0) == []
        go_on.set()
        eventually(lambda: queue.depth() == Depth(0, 0, 0))


def test_a_lost_lease_is_logged(
    queue: SqliteQueue, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    go_on = threading.Event()

    def slow(_: Job) -> Answer:
        go_on.wait(PATIENCE_S)
        return Delivered()

    queue.put(a_job())
    with caplog.at_level(logging.WARNING), dispatching(queue, Services(slow), lease_s=0.3):
        eventually(lambda: queue.depth().in_flight == 1)
        clock.pass_s(1)
        eventually(lambda: "lease was lost" in caplog.text)
        go_on.set()


def test_a_job_that_fails_inside_the_bot_counts_and_the_others_go_on(
    queue: SqliteQueue, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    def fail_once(job: Job) -> Answer:
        if job.id == "1-0" and job.attempt == 1:
            raise KeyError("a bug")
        return Delivered()

    queue.put(a_job(1))
    queue.put(a_job(2))
    with caplog.at_level(logging.ERROR), dispatching(queue, Services(fail_once)):
        eventually(lambda: queue.depth() == Depth(1, 0, 0))
        clock.pass_s(10)
        eventually(lambda: queue.depth() == Depth(0, 0, 0))
    assert "the job failed inside the bot" in caplog.text


class Moody(SqliteQueue):
    """A queue that raises what it is given, one at a time, before it works."""

    moods: list[Exception]

    def claim(self, n: int, worker: str, lease_s: float) -> list[Claim]:
        if self.moods:
            raise self.moods.pop(0)
        return super().claim(n, worker, lease_s)

    def ack(self, claim: Claim) -> bool:
        if claim.attempt == 1:
            raise QueueUnavailable("disk full")
        return super().ack(claim)


def test_the_thread_outlives_every_exception(
    database: Database, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    queue = Moody(database, Limits(), clock=clock)
    queue.moods = [QueueUnavailable("locked"), RuntimeError("a bug")]
    queue.put(a_job())
    with caplog.at_level(logging.INFO), dispatching(queue, Services()):
        eventually(lambda: "left to its lease" in caplog.text)
        clock.pass_s(60)
        eventually(lambda: queue.depth() == Depth(0, 0, 0))
    assert "the queue cannot be used, jobs wait: locked" in caplog.text
    assert "the queue can be used again" in caplog.text
    assert "goes on after an error" in caplog.text


def test_while_nobody_answers_jobs_go_one_at_a_time(queue: SqliteQueue) -> None:
    services = Services(lambda _: Later(reason="ConnectionError", nobody=True))
    for i in range(9):
        queue.put(a_job(i))
    with dispatching(queue, services):
        eventually(lambda: len(services.jobs) >= 4)
    assert len(services.jobs) < 9


def test_an_idle_queue_is_tidied(database: Database, clock: Clock) -> None:
    class Tidied(SqliteQueue):
        times = 0

        def tidy(self) -> None:
            self.times += 1
            super().tidy()

    queue = Tidied(database, Limits(), clock=clock)
    with dispatching(queue, Services()) as dispatcher:
        eventually(lambda: queue.times == 1)
        queue.put(a_job())
        dispatcher.wake()
        eventually(lambda: queue.times == 2)


def test_a_dispatcher_that_never_started_stops_at_once(queue: SqliteQueue) -> None:
    limit = InFlightLimit(least=1, most=1)
    work = Work(queue, Services(), Chat(FakeTelegram(), queue), max_age_s=900.0, limit=limit)
    assert Dispatcher(queue, work, lease_s=60.0).stop(drain_s=0.0)
