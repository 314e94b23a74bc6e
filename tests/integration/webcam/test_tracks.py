"""Faces keep their numbers from frame to frame, and words do not flicker."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from benchmarks.webcam_site import Site
from tests.webcam_page import Visit

_FOLLOWED = """
async (frames) => {
  const { Tracks } = await import("/web/tracks.js");
  const tracks = new Tracks();
  return frames.map(([now, faces]) => {
    const wantsGender = tracks.wantsGender(now);
    const all = JSON.parse(JSON.stringify(tracks.update(faces, now)));
    return { all, wantsGender };
  });
}
"""


@pytest.fixture(scope="module")
def visit(browser: Browser, site: Site) -> Iterator[Visit]:
    opened = Visit(browser, site.url)
    opened.open()
    yield opened
    opened.close()


def face(
    x: float, happy: float = 0.9, *, sure: bool = True, gender: bool = False
) -> dict[str, Any]:
    """A face 100 pixels wide whose middle is at x."""
    woman = {"probabilities": {"woman": 0.9, "man": 0.1}, "sure": True}
    return {
        "box": [x - 50, 100, x + 50, 220],
        "confidence": 0.9,
        "emotion": {"probabilities": {"happiness": happy, "neutral": 1 - happy}, "sure": sure},
        "gender": woman if gender else None,
    }


def followed(visit: Visit, frames: list[tuple[float, list[dict[str, Any]]]]) -> list[Any]:
    found: list[Any] = visit.page.evaluate(_FOLLOWED, frames)
    return found


def middle(track: dict[str, Any]) -> float:
    return float(track["box"][0] + track["box"][2]) / 2


def test_two_that_walk_keep_their_numbers_in_whatever_order_they_come(visit: Visit) -> None:
    frames = []
    for i in range(30):
        faces = [face(100 + 6 * i), face(500 - 6 * i)]
        frames.append((40.0 * i, faces if i % 2 else faces[::-1]))
    seen = followed(visit, frames)
    left = {t["id"] for each in seen for t in each["all"] if middle(t) < 290}
    right = {t["id"] for each in seen for t in each["all"] if middle(t) > 310}
    assert len(left) == len(right) == 1
    assert left != right


def test_who_is_away_for_a_moment_comes_back_as_the_same(visit: Visit) -> None:
    frames = [(0.0, [face(100)]), (100.0, []), (500.0, []), (600.0, [face(120)])]
    seen = followed(visit, frames)
    assert [[track["id"] for track in each["all"]] for each in seen] == [[1], [1], [1], [1]]
    assert seen[2]["all"][0]["seenAt"] == 0


def test_who_was_away_for_long_is_somebody_new(visit: Visit) -> None:
    seen = followed(visit, [(0.0, [face(100)]), (1500.0, []), (1600.0, [face(100)])])
    assert [[track["id"] for track in each["all"]] for each in seen] == [[1], [], [2]]


def test_a_single_odd_frame_changes_no_word_and_a_lasting_one_does(visit: Visit) -> None:
    odd = [(40.0 * i, [face(100, 0.05 if i == 10 else 0.9)]) for i in range(20)]
    words = [each["all"][0]["emotion"]["first"] for each in followed(visit, odd)]
    assert set(words) == {"happiness"}
    lasting = [(40.0 * i, [face(100, 0.05 if i >= 10 else 0.9)]) for i in range(40)]
    words = [each["all"][0]["emotion"]["first"] for each in followed(visit, lasting)]
    assert words[0] == "happiness"
    assert words[-1] == "neutral"
    # It changes once, not to and fro.
    assert sum(a != b for a, b in itertools.pairwise(words)) == 1


def test_two_words_that_are_as_likely_do_not_take_turns(visit: Visit) -> None:
    frames = [(40.0 * i, [face(100, 0.5 + 0.04 * (-1) ** i)]) for i in range(40)]
    words = [each["all"][0]["emotion"]["first"] for each in followed(visit, frames)]
    assert len(set(words)) == 1


def test_probabilities_stay_a_distribution(visit: Visit) -> None:
    frames = [(40.0 * i, [face(100, (i % 7) / 7)]) for i in range(30)]
    for each in followed(visit, frames):
        likely = each["all"][0]["emotion"]["probabilities"]
        assert sum(likely.values()) == pytest.approx(1)


def test_gender_is_asked_now_and_then_and_kept_in_between(visit: Visit) -> None:
    frames = [(40.0 * i, [face(100, gender=i % 4 == 0)]) for i in range(12)]
    seen = followed(visit, frames)
    assert all(each["all"][0]["gender"]["probabilities"]["woman"] > 0.8 for each in seen)
    assert [each["wantsGender"] for each in seen[:5]] == [True, False, False, False, True]
