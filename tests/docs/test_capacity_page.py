"""The capacity page says what was measured last."""

from __future__ import annotations

import re

from benchmarks import capacity


def test_the_figures_of_the_page_are_those_of_the_results() -> None:
    """`python -m benchmarks.capacity --write` fills them in again."""
    page = capacity.PAGE.read_text()
    assert page == capacity.filled(page, capacity.load())


def test_every_figure_there_is_has_a_place() -> None:
    places = re.findall(r"<!-- figures: (\w+) -->", capacity.PAGE.read_text())
    assert sorted(places) == sorted(capacity.BLOCKS)
    assert capacity.PAGE.read_text().count("<!-- end -->") == len(places)
