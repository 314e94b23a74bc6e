import pytest

from services.rates import Rates
from utils.errors import TooManyRequests


def test_as_many_as_a_seconds_worth_come_at_once_and_then_one_after_the_other():
    now = [100.0]
    rates = Rates(4, clock=lambda: now[0])
    for _ in range(4):
        rates.take("a")
    with pytest.raises(TooManyRequests):
        rates.take("a")
    rates.take("b")
    now[0] += 0.25
    rates.take("a")
    with pytest.raises(TooManyRequests):
        rates.take("a")


def test_patience_is_not_saved_up():
    now = [0.0]
    rates = Rates(2, clock=lambda: now[0])
    rates.take("a")
    now[0] = 1e6
    for _ in range(2):
        rates.take("a")
    with pytest.raises(TooManyRequests):
        rates.take("a")
