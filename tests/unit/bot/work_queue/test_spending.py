"""Limits on people and chats: the same in every implementation."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.work_queue import Accepted, Duplicate, Full, Limits
from bot.work_queue.spending import Bucket, buckets
from tests.unit.bot.jobs import NOON, Clock, a_job
from tests.unit.bot.work_queue.conftest import MakeQueue
from utils.jobs import Job

MEGABYTE = 1_000_000
DEFAULTS = Limits(user_rate=30, chat_rate=60, system_rate=1800, user_bytes_per_hour=500 * MEGABYTE)


def a_photo(update_id: int, user_id: int = 7, chat_id: int | None = None) -> Job:
    return a_job(update_id, user_id=user_id, chat_id=user_id if chat_id is None else chat_id)


class TestRates:
    def test_an_album_of_ten_files_at_their_largest_comes_twice(
        self, make_queue: MakeQueue
    ) -> None:
        queue = make_queue(DEFAULTS)
        for i in range(20):
            assert isinstance(queue.put(a_photo(i), n_bytes=20 * 1024 * 1024), Accepted)

    def test_a_minutes_worth_comes_at_once_and_the_rest_as_time_passes(
        self, make_queue: MakeQueue, clock: Clock
    ) -> None:
        queue = make_queue(Limits(per_user=100, user_rate=6))
        assert all(isinstance(queue.put(a_photo(i)), Accepted) for i in range(6))
        assert queue.put(a_photo(10)) == Full(10.0, "rate_user", tell=True)
        clock.pass_s(10)
        assert isinstance(queue.put(a_photo(10)), Accepted)
        assert isinstance(queue.put(a_photo(11)), Full)
        assert isinstance(queue.put(a_photo(12, user_id=8)), Accepted)

    def test_people_of_one_chat_share_what_is_the_chats(self, make_queue: MakeQueue) -> None:
        queue = make_queue(Limits(chat_rate=2))
        for user_id in (1, 2):
            queue.put(a_photo(user_id, user_id, chat_id=-100))
        refused = queue.put(a_photo(3, 3, chat_id=-100))
        assert isinstance(refused, Full)
        assert refused.reason == "rate_chat"

    def test_all_of_them_share_what_is_the_systems(self, make_queue: MakeQueue) -> None:
        queue = make_queue(Limits(system_rate=2))
        for user_id in (1, 2):
            queue.put(a_photo(user_id, user_id))
        refused = queue.put(a_photo(3, 3))
        assert isinstance(refused, Full)
        assert refused.reason == "rate_system"

    def test_what_one_limit_refuses_is_spent_from_no_other(
        self, make_queue: MakeQueue, clock: Clock
    ) -> None:
        queue = make_queue(Limits(chat_rate=1, user_rate=2))
        queue.put(a_photo(1, 7, chat_id=-100))
        for i in range(2, 9):
            queue.put(a_photo(i, 7, chat_id=-100))
        assert isinstance(queue.put(a_photo(9, 7, chat_id=-200)), Accepted)

    def test_an_update_that_comes_twice_is_counted_once(self, make_queue: MakeQueue) -> None:
        queue = make_queue(Limits(user_rate=2))
        queue.put(a_photo(1))
        for _ in range(5):
            assert queue.put(a_photo(1)) == Duplicate()
        assert isinstance(queue.put(a_photo(2)), Accepted)

    def test_several_bots_count_together(self, make_queue: MakeQueue) -> None:
        one, other = make_queue(Limits(user_rate=2)), make_queue(Limits(user_rate=2))
        assert isinstance(one.put(a_photo(1)), Accepted)
        assert isinstance(other.put(a_photo(2)), Accepted)
        assert isinstance(one.put(a_photo(3)), Full)

    def test_a_clock_that_is_set_back_keeps_nobody_waiting_for_long(
        self, make_queue: MakeQueue, clock: Clock
    ) -> None:
        queue = make_queue(Limits(user_rate=1))
        queue.put(a_photo(1))
        clock.pass_s(-86_400)
        assert isinstance(queue.put(a_photo(2)), Accepted)
        again = queue.put(a_photo(3))
        assert isinstance(again, Full)
        assert again.tell


class TestBytes:
    def test_an_hours_worth_is_for_one_person(self, make_queue: MakeQueue, clock: Clock) -> None:
        queue = make_queue(Limits(user_bytes_per_hour=100 * MEGABYTE))
        for i in range(10):
            assert isinstance(queue.put(a_photo(i), n_bytes=10 * MEGABYTE), Accepted)
        refused = queue.put(a_photo(20), n_bytes=10 * MEGABYTE)
        assert isinstance(refused, Full)
        assert (refused.reason, round(refused.retry_in_s)) == ("bytes", 360)
        assert isinstance(queue.put(a_photo(21, 8), n_bytes=10 * MEGABYTE), Accepted)
        clock.pass_s(361)
        assert isinstance(queue.put(a_photo(20), n_bytes=10 * MEGABYTE), Accepted)

    def test_a_link_announces_no_bytes(self, make_queue: MakeQueue) -> None:
        queue = make_queue(Limits(user_bytes_per_hour=1))
        assert all(isinstance(queue.put(a_photo(i)), Accepted) for i in range(5))

    def test_one_file_above_the_limit_is_not_refused_for_ever(self, make_queue: MakeQueue) -> None:
        queue = make_queue(Limits(user_bytes_per_hour=MEGABYTE))
        assert isinstance(queue.put(a_photo(1), n_bytes=20 * MEGABYTE), Accepted)


class TestQueueShare:
    @pytest.mark.parametrize(
        ("limits", "reason"),
        [
            (Limits(total=1), "queue_full"),
            (Limits(per_user=1), "queue_user"),
            (Limits(per_chat=1), "queue_chat"),
        ],
    )
    def test_the_reason_says_whose_share_is_used_up(
        self, make_queue: MakeQueue, limits: Limits, reason: str
    ) -> None:
        queue = make_queue(limits)
        queue.put(a_photo(1))
        refused = queue.put(a_photo(2))
        assert isinstance(refused, Full)
        assert refused.reason == reason

    def test_of_a_chat_those_count_that_wait(self, make_queue: MakeQueue) -> None:
        queue = make_queue(Limits(per_chat=1))
        queue.put(a_photo(1))
        queue.claim(1, "w", 60.0)
        assert isinstance(queue.put(a_photo(2)), Accepted)


def test_a_chat_hears_of_it_once_a_minute(make_queue: MakeQueue, clock: Clock) -> None:
    queue = make_queue(Limits(user_rate=1, per_user=100))
    for user_id in (7, 8):
        queue.put(a_photo(user_id, user_id))
    told = [queue.put(a_photo(10 + i)) for i in range(5)]
    assert [full.tell for full in told if isinstance(full, Full)] == [True] + [False] * 4
    other = queue.put(a_photo(20, 8))
    assert isinstance(other, Full)
    assert other.tell
    clock.pass_s(30)
    again = queue.put(a_photo(30))
    assert isinstance(again, Full)
    assert not again.tell
    clock.pass_s(30)
    queue.put(a_photo(31))
    again = queue.put(a_photo(32))
    assert isinstance(again, Full)
    assert again.tell


COSTS = st.lists(st.tuples(st.floats(0, 100), st.floats(0.01, 60)), max_size=60)


@given(st.integers(1, 1000), st.lists(st.floats(0, 90), min_size=1, max_size=80))
def test_nobody_gets_more_than_two_minutes_worth_within_a_minute(
    limit: int, pauses: list[float]
) -> None:
    now, until, taken = NOON, None, []
    for pause_s in pauses:
        now += pause_s
        (bucket,) = buckets(a_job(), 0, Limits(user_rate=limit))
        filled = bucket.filled(until, now)
        if not bucket.wait_s(filled, now):
            until = filled
            taken.append(now)
    for moment in taken:
        assert sum(moment <= other < moment + 60 for other in taken) <= 2 * limit + 1


@given(COSTS)
def test_a_bucket_runs_out_within_its_period_and_never_holds_more(
    steps: list[tuple[float, float]],
) -> None:
    now, until = NOON, None
    for pause_s, cost_s in steps:
        now += pause_s
        bucket = Bucket("bytes", 7, cost_s, 60.0)
        filled = bucket.filled(until, now)
        assert math.isfinite(filled)
        wait_s = bucket.wait_s(filled, now)
        if wait_s:
            later = now + wait_s
            assert not bucket.wait_s(bucket.filled(until, later), later)
        else:
            until = filled
            assert until <= now + 60.01


def test_a_file_weighs_what_it_announces() -> None:
    limits = Limits(user_bytes_per_hour=360)
    costs = [next(buckets(a_job(), n_bytes, limits)).cost_s for n_bytes in (1, 2, 36)]
    assert costs == [10.0, 20.0, 360.0]
    assert all(a < b for a, b in pairwise(costs))
