from __future__ import annotations

import pytest

from bot.dispatcher.backoff import backoff_s, retry_after_s
from tests.unit.bot.jobs import NOON


def longest(_low: float, high: float) -> float:
    return high


def test_the_bound_doubles_up_to_ten_seconds() -> None:
    bounds = [backoff_s(attempt, uniform=longest) for attempt in range(8)]
    assert bounds == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0]
    assert backoff_s(100_000, uniform=longest) == 10.0


def test_waits_are_spread_over_the_whole_range() -> None:
    waits = [backoff_s(9) for _ in range(300)]
    assert min(waits) < 3.0
    assert max(waits) > 7.0


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        ("0", 0.0),
        (" 7 ", 7.0),
        ("99999999999999999999", 60.0),
        ("-1", None),
        ("1.5", None),
        ("soon", None),
        ("²", None),
        ("Fri, 15 Jan 2027 08:00:05 GMT", 5.0),
        ("Fri, 15 Jan 2027 08:00:05", 5.0),
        ("Fri, 15 Jan 2027 07:00:00 GMT", 0.0),
        ("Fri, 15 Jan 2028 08:00:00 GMT", 60.0),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_never_more_than_a_minute(
    header: str | None, expected: float | None
) -> None:
    assert retry_after_s(header, now=NOON) == expected
