from __future__ import annotations

import math
import random
import statistics

import pytest

from benchmarks.erlang import erlang_c, mean_wait_s, waits_s


@pytest.mark.parametrize("load", [0.1, 0.5, 0.9])
def test_before_one_server_as_many_wait_as_it_is_busy(load: float) -> None:
    assert erlang_c(1, load) == pytest.approx(load)
    # M/M/1: rho / (mu - lambda), here with a mean service of one second.
    assert mean_wait_s(1, load, 1.0) == pytest.approx(load / (1 - load))


def test_before_two_servers_it_is_the_textbooks_fraction() -> None:
    # C(2, a) = a^2 / (2 + a) for a < 2.
    assert erlang_c(2, 1.5) == pytest.approx(1.5**2 / 3.5)


def test_many_servers_agree_with_the_sum_of_the_definition() -> None:
    c, a = 16, 14.0
    waiting = a**c / math.factorial(c) * c / (c - a)
    served = sum(a**k / math.factorial(k) for k in range(c))
    assert erlang_c(c, a) == pytest.approx(waiting / (served + waiting))


def test_too_few_servers_let_all_wait_for_ever() -> None:
    assert erlang_c(4, 4.0) == 1
    assert mean_wait_s(4, 8.0, 0.5) == math.inf


def test_perfect_servers_are_taken_in_turn() -> None:
    # Two servers: the third job waits for the first, the fourth for the second.
    assert waits_s(2, [0, 0, 1, 1], [3, 5, 1, 1]) == [0, 0, 2, 3]


def test_perfect_servers_come_close_to_the_formula() -> None:
    chance, servers, rate = random.Random(7), 4, 3.2
    arrivals, now = [], 0.0
    for _ in range(100_000):
        now += chance.expovariate(rate)
        arrivals.append(now)
    services = [chance.expovariate(1.0) for _ in arrivals]
    mean = statistics.mean(waits_s(servers, arrivals, services))
    assert mean == pytest.approx(mean_wait_s(servers, rate, 1.0), rel=0.1)
