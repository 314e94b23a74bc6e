"""Every malformed request is refused in our one shape, by all three, and harms nobody."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.hostile import requests
from tests.hostile.requests import World
from tests.hostile.requests.case import Case

CASES = list(requests.cases())


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with requests.world(tmp_path_factory.mktemp("requests")) as world:
        before = world.workers
        yield world
        # Looked at when all of them have been there.
        assert world.workers == before
        assert world.serves()
        for name in ("app_image", "app_url"):
            assert "nobody foresaw" not in world.processes[name].log
            assert "a connection broke" not in world.processes[name].log


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.group}: {case.name}")
def test_a_malformed_request_is_refused_by_whomever_it_reaches(case: Case, world: World) -> None:
    for target in case.targets:
        outcome = requests.tried(case, target, world)
        assert outcome.good, (outcome.name, outcome.found, outcome.took_s)


def test_whoever_is_too_slow_is_hung_up_on(world: World) -> None:
    for outcome in requests.slow_ones(world):
        assert outcome.good, (outcome.name, outcome.took_s)


def test_there_are_many_and_no_two_are_the_same() -> None:
    assert len(CASES) >= 60
    assert len({(case.group, case.name) for case in CASES}) == len(CASES)
