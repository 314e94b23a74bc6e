"""Bans and forgetting: the same in every implementation."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot.work_queue import (
    Accepted,
    Ban,
    Depth,
    Duplicate,
    Full,
    JobQueue,
    Limits,
    People,
    TurnedAway,
)
from bot.work_queue.database import Database
from bot.work_queue.people import SqlitePeople
from bot.work_queue.redis import RedisQueue
from bot.work_queue.redis_people import RedisPeople
from bot.work_queue.server import QueueServer
from bot.work_queue.sqlite import SqliteQueue
from tests.redis import needs_redis, shared_server
from tests.unit.bot.jobs import NOON, Clock, a_job

LIMITS = Limits(user_rate=30, chat_rate=60, user_bytes_per_hour=10**8)
FOR_EVER = math.inf
SECRET_LINK = "https://example.com/a-very-private-address"


@dataclass
class Place:
    queue: JobQueue
    people: People
    clock: Clock


@pytest.fixture(params=["sqlite", pytest.param("redis", marks=needs_redis)])
def place(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[Place]:
    if request.param == "sqlite":
        with closing(Database(tmp_path / "queue.db", synchronous="normal")) as database:
            queue = SqliteQueue(database, LIMITS, clock=clock)
            yield Place(queue, SqlitePeople(database, clock=clock), clock)
    else:
        url = shared_server().url
        with closing(QueueServer(url, bot_id=str(tmp_path), clock=clock)) as server:
            yield Place(RedisQueue(server, LIMITS), RedisPeople(server), clock)


def is_banned(place: Place, update_id: int, **job: Any) -> bool:
    result = place.queue.put(a_job(update_id, **job))
    return isinstance(result, Full) and result.reason == "banned" and not result.tell


class TestBan:
    def test_jobs_that_wait_are_cancelled_and_new_ones_refused(self, place: Place) -> None:
        in_flight, *_ = [place.queue.put(a_job(i)) for i in (1, 2, 3)]
        place.queue.claim(1, "w", 60.0)
        place.queue.put(a_job(4, user_id=8, chat_id=8))
        cancelled = place.people.ban(7, FOR_EVER)
        assert [job.id for job in cancelled] == ["2-0", "3-0"]
        assert [job.status_message_id for job in cancelled] == [902, 903]
        assert in_flight == Accepted(0)
        assert place.queue.depth() == Depth(waiting=1, in_flight=1, dead=0)
        assert is_banned(place, 5)
        assert not is_banned(place, 6, user_id=8)

    def test_it_ends_when_it_was_to_end(self, place: Place) -> None:
        place.people.ban(7, NOON + 86_400)
        place.people.ban(8, FOR_EVER)
        place.people.ban(9, NOON + 10)
        assert place.people.bans() == [Ban(9, NOON + 10), Ban(7, NOON + 86_400), Ban(8, FOR_EVER)]
        place.clock.pass_s(86_400)
        assert place.people.bans() == [Ban(8, FOR_EVER)]
        assert place.people.turn_away(7, telling=True) is None
        assert not is_banned(place, 5)
        place.queue.tidy()
        assert is_banned(place, 6, user_id=8)

    def test_it_can_be_lifted_once(self, place: Place) -> None:
        place.people.ban(7, FOR_EVER)
        assert place.people.unban(7)
        assert not place.people.unban(7)
        assert not is_banned(place, 5)

    def test_a_person_is_told_once_for_each_ban(self, place: Place) -> None:
        assert place.people.turn_away(7, telling=True) is None
        for _ in range(2):
            place.people.ban(7, FOR_EVER)
            assert place.people.turn_away(7, telling=False) == TurnedAway(tell=False)
            assert place.people.turn_away(7, telling=True) == TurnedAway(tell=True)
            assert place.people.turn_away(7, telling=True) == TurnedAway(tell=False)

    def test_the_id_of_a_channel_can_be_banned_as_well(self, place: Place) -> None:
        place.people.ban(-100_200, FOR_EVER)
        assert is_banned(place, 5, user_id=-100_200)


class TestForget:
    def test_jobs_in_every_state_go_and_those_alive_come_back(self, place: Place) -> None:
        for i in (1, 2, 3):
            place.queue.put(a_job(i))
        dead, held = place.queue.claim(2, "w", 60.0)
        place.queue.bury(dead, "failed")
        place.queue.put(a_job(4, user_id=8, chat_id=8))
        gone = place.people.forget(7, counters=True)
        assert sorted(job.id for job in gone) == ["2-0", "3-0"]
        assert place.queue.depth() == Depth(waiting=1, in_flight=0, dead=0)
        assert not place.queue.ack(held)
        assert [place.queue.put(a_job(i)) for i in (1, 2, 3)] == [Duplicate()] * 3
        assert [claim.job.id for claim in place.queue.claim(9, "w", 60.0)] == ["4-0"]

    def test_a_person_has_their_whole_share_again(self, place: Place) -> None:
        for i in range(20):
            place.queue.put(a_job(i))
        place.people.forget(7, counters=True)
        assert isinstance(place.queue.put(a_job(30)), Accepted)
        assert place.people.busiest(5)[0][1] == pytest.approx(1 / 30)

    def test_counters_stay_where_they_are_to_stay(self, place: Place) -> None:
        for i in range(15):
            place.queue.put(a_job(i), n_bytes=1000)
        place.people.forget(7, counters=False)
        assert place.people.busiest(5) == [(7, pytest.approx(0.5))]

    def test_a_ban_stays(self, place: Place) -> None:
        place.people.ban(7, FOR_EVER)
        place.people.forget(7, counters=True)
        assert place.people.bans() == [Ban(7, FOR_EVER)]

    def test_of_somebody_unknown_there_is_nothing_to_forget(self, place: Place) -> None:
        assert place.people.forget(4711, counters=True) == []


def test_the_busiest_come_first(place: Place) -> None:
    for i, user_id in enumerate([1, 2, 2, 3, 3, 3]):
        place.queue.put(a_job(i, user_id=user_id, chat_id=user_id))
    busiest = place.people.busiest(2)
    assert [(who, round(share * 30)) for who, share in busiest] == [(3, 3), (2, 2)]


USER = 7_340_912_345


def test_what_is_forgotten_has_left_the_file_and_its_log(tmp_path: Path) -> None:
    with closing(Database(tmp_path / "queue.db", synchronous="normal")) as database:
        queue = SqliteQueue(database, LIMITS, clock=Clock())
        people = SqlitePeople(database, clock=Clock())
        mine = {"user_id": USER, "chat_id": USER}
        for i in range(3):
            queue.put(a_job(i, kind="url", source=f"{SECRET_LINK}/{i}", **mine), n_bytes=5)
        (claim,) = queue.claim(1, "w", 60.0)
        queue.bury(claim, "failed")

        def traces() -> set[bytes]:
            words = (SECRET_LINK.encode(), str(USER).encode(), USER.to_bytes(6, "big"))
            files = list(tmp_path.iterdir())
            assert any(file.name.endswith("-wal") for file in files)
            return {word for word in words for file in files if word in file.read_bytes()}

        assert len(traces()) == 3
        people.forget(USER, counters=True)
        assert traces() == set()


@needs_redis
def test_what_is_forgotten_has_left_the_server(tmp_path: Path) -> None:
    shared = shared_server()
    with (
        closing(QueueServer(shared.url, bot_id=str(tmp_path))) as server,
        shared.client() as plain,
    ):
        queue, people = RedisQueue(server, LIMITS), RedisPeople(server)
        for i in range(3):
            job = a_job(i, kind="url", source=SECRET_LINK, user_id=USER, chat_id=USER)
            queue.put(job, n_bytes=5)
        (claim,) = queue.claim(1, "w", 60.0)
        queue.bury(claim, "failed")

        def everything() -> bytes:
            keys = list(plain.scan_iter(f"semblance:{tmp_path}:*"))
            return b"".join(key + (plain.dump(key) or b"") for key in keys)

        def traces() -> set[bytes]:
            return {word for word in (b"example.com", str(USER).encode()) if word in everything()}

        assert 0 < plain.ttl(f"semblance:{tmp_path}:spent") <= 3600
        assert len(traces()) == 2
        people.forget(USER, counters=True)
        assert traces() == set()
