from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.soak.judgement import judge, table
from tests.soak.samples import Sample


def samples(
    pss_mb: Callable[[float], float] = lambda _: 100.0,
    descriptors: Callable[[float], int] = lambda _: 10,
    *,
    name: str = "bot",
    rss_mb: Callable[[float], float] | None = None,
    pid: Callable[[float], int] = lambda _: 1,
) -> list[Sample]:
    """Half an hour of samples, one every three seconds."""
    times = [3.0 * i for i in range(601)]
    rss = rss_mb or (lambda t: pss_mb(t) + 50)
    return [Sample(t, name, pid(t), pss_mb(t), rss(t), descriptors(t)) for t in times]


def test_what_stays_as_it_is_is_flat() -> None:
    (verdict,) = judge(samples())
    assert verdict.flat
    assert verdict.growth == 0
    assert verdict.pss_mb == (100, 100)
    assert verdict.rss_mb == (150, 150)


def test_what_fills_in_the_first_third_is_flat() -> None:
    (verdict,) = judge(samples(lambda t: min(100.0, 20 + t / 5)))
    assert verdict.flat


def test_a_slow_leak_is_seen() -> None:
    # 100 MB, and 20 more in half an hour.
    (verdict,) = judge(samples(lambda t: 100 + t / 90))
    assert verdict.growth == pytest.approx(0.06, abs=0.005)
    assert not verdict.flat


def test_a_few_per_cent_and_less_than_before_are_flat() -> None:
    assert judge(samples(lambda t: 100 + t / 200))[0].flat
    assert judge(samples(lambda t: 200 - t / 20))[0].flat


def test_shared_pages_that_change_their_owners_are_no_growth() -> None:
    def more(t: float) -> float:
        return 100 + t / 30

    assert judge(samples(more, rss_mb=lambda _: 300))[0].flat
    assert judge(samples(rss_mb=more))[0].flat
    assert not judge(samples(more, rss_mb=more))[0].flat


def test_one_moment_that_is_high_is_no_growth() -> None:
    (verdict,) = judge(samples(lambda t: 900.0 if t == 1500 else 100.0))
    assert verdict.flat


def test_descriptors_that_pile_up_are_seen_and_those_that_come_and_go_are_not() -> None:
    assert not judge(samples(descriptors=lambda t: 10 + int(t) // 200))[0].flat
    assert judge(samples(descriptors=lambda t: 10 + int(t) % 7))[0].flat


def test_a_process_that_was_started_again_is_not_flat() -> None:
    (verdict,) = judge(samples(pid=lambda t: 1 if t < 900 else 2))
    assert verdict.lives == 2
    assert not verdict.flat


def test_the_playground_may_still_be_filling_but_not_without_bound() -> None:
    def grown(mb: float) -> Callable[[float], float]:
        return lambda t: 100 + mb * t / 600

    assert judge(samples(grown(10), name="playground"))[0].flat
    assert not judge(samples(grown(10), name="bot"))[0].flat
    assert not judge(samples(grown(40), name="playground"))[0].flat


def test_a_process_that_ended_is_told_of() -> None:
    gone = [s for s in samples(name="nginx") if s.at_s < 1000]
    with pytest.raises(ValueError, match="nginx was not there"):
        judge(samples() + gone)


def test_the_table_names_what_grows() -> None:
    leaking = samples(lambda t: 100 + t / 30, name="app_image.1 worker")
    _, image, bot = table(judge(samples() + leaking)).splitlines()
    assert image.startswith("app_image.1 worker")
    assert image.endswith("GROWS")
    assert bot.startswith("bot")
    assert not bot.endswith("GROWS")
