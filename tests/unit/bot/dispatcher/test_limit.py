from __future__ import annotations

import heapq
import itertools

import pytest

from bot.dispatcher.limit import InFlightLimit, Trip
from tests.unit.bot.jobs import Clock

TICK_S = 0.25


class Row:
    """Replicas in simulated time: so many places, so long a job; more is refused in 3 ms.

    Before it stand bots that have jobs without end. `done` and `refused`: one number for each bot.
    """

    def __init__(
        self, places: int, job_s: float, *, bots: int = 1, least: int = 1, most: int = 64
    ) -> None:
        self.places, self.job_s, self.clock = places, job_s, Clock(0.0)
        self.limits = [InFlightLimit(least=least, most=most, clock=self.clock) for _ in range(bots)]
        self.done, self.refused = [0] * bots, [0] * bots
        self.out, self.most_out, self.taken = [0] * bots, 0, 0
        self._events: list[tuple[float, int, bool, int, Trip]] = []
        self._order = itertools.count()

    def run(self, seconds: float) -> None:
        end = self.clock.now + seconds
        while self.clock.now < end:
            for bot, limit in enumerate(self.limits):
                for _ in range(limit.room(self.out[bot])):
                    self._send(bot, limit.started())
            # As the dispatcher does: it wakes up with each job that ends, or after a while.
            if not self._events or self._events[0][0] > self.clock.now + TICK_S:
                self.clock.now += TICK_S
            else:
                self._end(*heapq.heappop(self._events))

    def rates(self, seconds: float) -> tuple[float, float]:
        """Jobs done a second while it runs on, and the share that was refused."""
        done, refused = sum(self.done), sum(self.refused)
        self.run(seconds)
        done, refused = sum(self.done) - done, sum(self.refused) - refused
        return done / seconds, refused / (done + refused)

    def _send(self, bot: int, trip: Trip) -> None:
        fits = self.taken < self.places
        self.taken += fits
        self.out[bot] += 1
        self.most_out = max(self.most_out, sum(self.out))
        ends_at = self.clock.now + (self.job_s if fits else 0.003)
        heapq.heappush(self._events, (ends_at, next(self._order), fits, bot, trip))

    def _end(self, at: float, _order: int, fits: bool, bot: int, trip: Trip) -> None:
        self.clock.now = at
        self.out[bot] -= 1
        self.limits[bot].returned(trip)
        if fits:
            self.taken -= 1
            self.done[bot] += 1
            self.limits[bot].taken(trip)
        else:
            self.refused[bot] += 1
            self.limits[bot].refused(trip, 1.0)


ROWS = [(1, 0.1), (5, 0.02), (9, 0.1), (9, 0.5), (32, 0.5), (48, 0.3), (40, 2.0)]


def test_it_begins_with_few() -> None:
    row = Row(1000, 0.2, most=1000)
    row.run(0.19)
    assert row.most_out == 4


@pytest.mark.parametrize(("places", "job_s"), ROWS)
def test_it_uses_what_a_row_of_replicas_takes_and_is_seldom_refused(
    places: int, job_s: float
) -> None:
    row = Row(places, job_s)
    row.run(20)
    done_per_s, refused = row.rates(60)
    assert done_per_s > 0.85 * places / job_s
    # With a single place the next size is already too much.
    assert refused < (0.1 if places > 1 else 0.2)


@pytest.mark.parametrize(("places", "job_s"), [(9, 0.1), (9, 0.5), (16, 0.3)])
def test_replicas_that_are_added_are_found_within_seconds(places: int, job_s: float) -> None:
    row = Row(places, job_s)
    row.run(30)
    row.places *= 4
    row.run(6)
    done_per_s, _ = row.rates(5)
    assert done_per_s > 0.8 * row.places / job_s


def test_it_never_has_more_out_than_it_may() -> None:
    row = Row(1000, 0.2, most=20)
    row.run(60)
    assert row.most_out == row.limits[0].value == 20


@pytest.mark.parametrize(("places", "job_s"), [(32, 0.5), (48, 0.3)])
def test_when_replicas_go_it_steps_back_at_once_and_works_on(places: int, job_s: float) -> None:
    row = Row(places, job_s)
    row.run(30)
    row.places //= 4
    row.run(1)
    assert 1 <= row.limits[0].value <= places // 4
    done_per_s, refused = row.rates(20)
    assert done_per_s > 0.75 * row.places / job_s
    assert refused < 0.1


def test_a_row_that_is_full_of_others_work_is_asked_once_a_second_and_no_less() -> None:
    row = Row(0, 0.1)
    row.run(1)
    before = row.refused[0]
    row.run(60)
    assert row.limits[0].value == 1
    assert 40 <= row.refused[0] - before <= 61
    row.places = 30
    row.run(5)
    done_per_s, _ = row.rates(5)
    assert done_per_s > 200


def test_a_longer_rest_is_kept_where_it_is_asked_for_within_reason() -> None:
    for asked_s, rest_s in ((4.0, 4.0), (60.0, 10.0), (0.0, 1.0), (None, 1.0)):
        clock = Clock()
        limit = InFlightLimit(least=1, most=8, clock=clock)
        trip = limit.started()
        limit.returned(trip)
        limit.refused(trip, asked_s)
        clock.pass_s(rest_s - 0.01)
        assert limit.room(0) == 0
        clock.pass_s(0.02)
        assert limit.room(0) == 1


def test_one_refusal_among_many_jobs_is_no_reason_to_rest() -> None:
    limit = InFlightLimit(least=1, most=8, clock=Clock())
    trips = [limit.started() for _ in range(4)]
    limit.returned(trips[3])
    limit.refused(trips[3], 5.0)
    assert limit.room(0) == limit.value == 2


def test_what_set_out_before_a_cut_does_not_cut_again() -> None:
    clock = Clock()
    limit = InFlightLimit(least=1, most=64, clock=clock)
    trips = [limit.started() for _ in range(4)]
    clock.pass_s(1)
    limit.refused(trips[3])
    cut = limit.value
    for trip in trips[:3]:
        limit.refused(trip)
    assert limit.value == cut


def test_few_jobs_say_nothing_about_many() -> None:
    clock = Clock()
    limit = InFlightLimit(least=1, most=64, clock=clock)
    for _ in range(100):
        trip = limit.started()
        clock.pass_s(1)
        limit.returned(trip)
        limit.taken(trip)
    assert limit.value == 4


def test_a_single_long_trip_does_not_open_the_gates() -> None:
    clock = Clock()
    limit = InFlightLimit(least=1, most=1000, clock=clock)
    trips = [limit.started() for _ in range(4)]
    clock.pass_s(30)
    limit.returned(trips[3])
    limit.taken(trips[3])
    assert limit.value == 8


def test_a_fixed_number_stays() -> None:
    row = Row(5, 0.1, least=8, most=8)
    row.run(10)
    assert (row.limits[0].value, row.most_out) == (8, 8)
    assert row.refused[0] > 0


@pytest.mark.parametrize(("least", "most", "first"), [(1, 2, 2), (6, 64, 6), (1, 64, 4)])
def test_the_first_number_is_within_the_bounds(least: int, most: int, first: int) -> None:
    assert InFlightLimit(least=least, most=most).value == first


def test_several_bots_share_a_row_without_asking_each_other() -> None:
    row = Row(40, 0.5, bots=2)
    row.run(30)
    done_per_s, refused = row.rates(60)
    assert done_per_s > 0.85 * 40 / 0.5
    assert refused < 0.05
    assert min(row.done) > 0.25 * sum(row.done)
