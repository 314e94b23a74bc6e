"""A short storm of everything that `make chaos` does, over the real processes."""

from __future__ import annotations

import shutil

import pytest

from benchmarks.redis_server import NEEDED, is_installed
from tests.chaos.weather import Forecast, pass_over


@pytest.mark.parametrize("queue", ["sqlite", "redis"])
def test_nothing_is_lost_nothing_comes_twice_and_nothing_is_revealed(queue: str) -> None:
    if shutil.which("nginx") is None:
        pytest.skip("needs nginx: apt-get install nginx")
    if queue == "redis" and not is_installed():
        pytest.skip(NEEDED)
    outcome = pass_over(
        Forecast(jobs=150, kills=6, seed=20, queue=queue, minutes=4.0, longest_stop_s=4.0)
    )
    assert outcome.jobs == 150
    assert outcome.kills > 0
    assert outcome.faults
    assert outcome.revealed == []
    assert outcome.good, (outcome.stories, outcome.figures, outcome.printed[-5000:])
