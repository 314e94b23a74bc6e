"""The same files in the browser: every operator is there, every size runs, answers are the same."""

from __future__ import annotations

import pytest

from benchmarks.browser import SHAPES, BrowserUnavailable, Run, measure


@pytest.fixture(scope="module")
def runs() -> list[Run]:
    try:
        return measure(rounds=3)
    except BrowserUnavailable as error:
        pytest.skip(str(error))


def test_every_network_runs_in_every_size(runs: list[Run]) -> None:
    wanted = [(file, shape) for file, shapes in SHAPES.items() for shape in shapes]
    assert [(run.file, run.shape) for run in runs] == wanted
    assert all(run.median_ms > 0 for run in runs)


def test_the_browser_answers_as_the_server_does(runs: list[Run]) -> None:
    assert max(run.difference for run in runs) < 1e-3
