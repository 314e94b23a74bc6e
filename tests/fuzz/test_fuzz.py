"""A short hunt with the same pictures every time, and that the hunt would find something."""

from __future__ import annotations

import time

import numpy as np
import pytest

from tests.fuzz.hunt import CORPUS, corpus, decode, hunt, judged
from utils.errors import ImageBroken


def test_a_short_hunt_finds_nothing() -> None:
    report = hunt(8, most=1_500)
    assert report.findings == []
    assert report.tried == 1_500
    # Enough of them get past the first look for the hunt to be one.
    assert report.ends["answered"] > 100
    assert report.ends["damaged"] > 100


@pytest.mark.parametrize("path", sorted(CORPUS.iterdir()), ids=lambda path: path.name)
def test_the_corpus_is_answered(path) -> None:
    end = judged(path.read_bytes())
    assert end == ("truncated_header" if path.name.startswith("found") else "answered")


def test_the_corpus_stays_small() -> None:
    assert sum(len(data) for data in corpus()) < 200_000


def test_the_same_seed_tries_the_same_pictures() -> None:
    def tried(seed: int) -> list[bytes]:
        seen: list[bytes] = []
        hunt(seed, most=20, decode=lambda _: np.zeros((1, 1, 3), np.uint8), watch=seen.append)
        return seen

    assert tried(1) == tried(1) != tried(2)


@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        (lambda: (_ for _ in ()).throw(IndexError), "fault: IndexError"),
        (lambda: (_ for _ in ()).throw(ImageBroken(reason="decoder_died")), "fault: decoder_died"),
        (lambda: np.zeros((2, 2, 4), np.uint8), "fault: (2, 2, 4) of uint8"),
        (lambda: np.zeros((9_000, 9_000, 3), np.uint8), "fault: (9000, 9000, 3) of uint8"),
    ],
)
def test_what_is_no_answer_is_found(wrong, what: str) -> None:
    def broken(data: bytes) -> np.ndarray:
        return wrong() if data.startswith(b"BM") else decode(corpus()[0])

    report = hunt(1, most=400, decode=broken)
    assert report.findings
    assert all(finding.data.startswith(b"BM") for finding in report.findings)
    assert report.findings[0].what == what


def test_what_takes_long_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.fuzz.hunt._SLOW_S", 0.0)

    def slow(_: bytes) -> np.ndarray:
        time.sleep(0.01)
        return np.zeros((1, 1, 3), np.uint8)

    assert judged(b"", slow).startswith("fault: answered after")
