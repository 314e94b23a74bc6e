from __future__ import annotations

from bot.dispatcher.breaker import Breaker
from tests.unit.bot.jobs import Clock


def a_breaker(clock: Clock) -> Breaker:
    return Breaker(clock=clock, backoff=float)


def test_as_long_as_all_is_well_everybody_may_go() -> None:
    breaker = a_breaker(Clock())
    assert breaker.allowance(8) == 8
    assert not breaker.succeeded()
    assert not breaker.is_open


def test_after_a_failure_nobody_goes_until_one_may_try() -> None:
    clock = Clock()
    breaker = a_breaker(clock)
    assert breaker.failed(clock.now)
    assert breaker.allowance(8) == 0
    clock.pass_s(1)
    assert breaker.allowance(8) == 1
    assert breaker.allowance(8) == 0
    assert breaker.succeeded()
    assert breaker.allowance(8) == 8


def test_waits_grow_with_each_failed_try() -> None:
    clock = Clock()
    breaker = a_breaker(clock)
    breaker.failed(clock.now)
    clock.pass_s(1)
    assert breaker.allowance(1) == 1
    assert not breaker.failed(clock.now)
    clock.pass_s(1)
    assert breaker.allowance(1) == 0
    clock.pass_s(1)
    assert breaker.allowance(1) == 1


def test_requests_that_were_under_way_when_it_opened_count_once() -> None:
    clock = Clock()
    breaker = a_breaker(clock)
    started = clock.now
    clock.pass_s(1)
    assert breaker.failed(started)
    for _ in range(7):
        assert not breaker.failed(started)
    clock.pass_s(1)
    assert breaker.allowance(8) == 1


def test_a_try_that_hangs_does_not_hold_up_the_next_one() -> None:
    clock = Clock()
    breaker = a_breaker(clock)
    breaker.failed(clock.now)
    clock.pass_s(1)
    assert breaker.allowance(8) == 1
    clock.pass_s(1)
    assert breaker.allowance(8) == 1


def test_who_wants_nothing_gets_nothing() -> None:
    clock = Clock()
    breaker = a_breaker(clock)
    breaker.failed(clock.now)
    clock.pass_s(1)
    assert breaker.allowance(0) == 0
    assert breaker.allowance(1) == 1
