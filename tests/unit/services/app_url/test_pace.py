import math

import pytest

from services.app_url.pace import Floor, Pace
from utils.errors import UrlTooSlow


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def paced():
    clock = Clock()
    return Pace(Floor(1000, 5.0), clock), clock


def test_nothing_is_asked_before_the_first_byte():
    pace, clock = paced()
    clock.now += 1000
    assert pace.patience_s() == math.inf
    pace.came(1)
    assert pace.patience_s() == 5.0


def test_enough_in_every_window_is_fine():
    pace, clock = paced()
    pace.came(1)
    for _ in range(10):
        clock.now += 5
        pace.came(5000)


def test_too_little_in_a_window_is_refused_when_it_ends():
    pace, clock = paced()
    pace.came(1)
    clock.now += 4.9
    pace.came(100)
    clock.now += 0.1
    with pytest.raises(UrlTooSlow):
        pace.came(0)


def test_much_at_first_does_not_pay_for_later():
    pace, clock = paced()
    pace.came(10**6)
    clock.now += 5
    pace.came(1)
    clock.now += 5
    with pytest.raises(UrlTooSlow):
        pace.came(1)


def test_a_rest_starts_anew():
    pace, clock = paced()
    pace.came(1)
    clock.now += 4
    pace.rest()
    clock.now += 4
    pace.came(1)
    assert pace.patience_s() == 5.0
