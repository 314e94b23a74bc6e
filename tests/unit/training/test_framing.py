from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from training.augmentation import Augmentation
from training.datasets import FER_TRAIN, load_fairface, load_fer
from training.framing import MEASURED, Framing, Misses, covers, framing
from utils.detector import Detector
from utils.manifest import Manifest

# From inside Keras, which the training scripts import.
pytestmark = pytest.mark.filterwarnings("ignore:.*np.object.*:FutureWarning")

DETECTOR = Detector(Manifest.load())


def cut(image: np.ndarray, *, extra: float, down: float = 0.0) -> np.ndarray:
    """The astronaut's face with a margin, moved, (1, s, s, 3)."""
    x0, y0, x1, y1 = DETECTOR.detect(image)[0].box_xyxy
    side = x1 - x0
    pad, move = round(side * extra), round(side * down)
    return image[None, y0 - pad + move : y1 + pad + move, x0 - pad : x1 + pad]


def test_a_wider_cut_of_the_same_face_needs_more_margin(astronaut: np.ndarray) -> None:
    for extra in (0.05, 0.4):
        seen = framing(cut(astronaut, extra=extra), DETECTOR)
        assert seen.margin == pytest.approx(extra, abs=0.12)
        assert seen.side[0] == pytest.approx(1 / (1 + 2 * seen.margin))


def test_a_cut_further_down_shows_the_box_further_up(astronaut: np.ndarray) -> None:
    seen = framing(cut(astronaut, extra=0.3, down=0.1), DETECTOR)
    assert seen.shift_y == pytest.approx(0.1, abs=0.05)
    assert seen.offset_y[0] == pytest.approx(-0.1 / 1.6, abs=0.04)


def drawn(seed: int, *, shift: float, scale: float) -> Framing:
    rng = np.random.default_rng(seed)
    side = 0.8 * (1 + rng.normal(0, scale, 2000))
    x, y = rng.normal(0, shift, (2, 2000))
    return Framing(2000, x, y - 0.1 * side, side)


def test_what_the_cuts_miss_by_is_the_spread_left_after_margin_and_shift() -> None:
    misses = drawn(0, shift=0.05, scale=0.1).misses()
    assert misses.shift == pytest.approx(0.05, abs=0.004)
    assert misses.scale == pytest.approx(0.1, abs=0.01)


def test_the_report_says_whether_the_jitter_covers_the_spread() -> None:
    jitter = Augmentation(shift=0.08, scale=0.2)
    assert ": covers the spread" in drawn(0, shift=0.05, scale=0.1).report("x", jitter)
    assert "DOES NOT COVER" in drawn(0, shift=0.1, scale=0.1).report("x", jitter)
    assert "DOES NOT COVER" in drawn(0, shift=0.05, scale=0.25).report("x", jitter)
    assert not covers(jitter, Misses(shift=0.09, scale=0.1))


def test_training_moves_and_scales_at_least_as_far_as_cuts_stray() -> None:
    from training import train_emotion, train_gender

    assert covers(train_emotion.CONFIG.augmentation, MEASURED["FER2013"])
    assert covers(train_gender.CONFIG.augmentation, MEASURED["FairFace"])


def test_the_real_packs_are_framed_as_the_training_scripts_say(packs: Path) -> None:
    from training import train_emotion, train_gender

    cv2.setNumThreads(1)
    fer = load_fer(packs)
    sets = {
        "FER2013": (fer.images[fer.kept(FER_TRAIN)], train_emotion.CONFIG),
        "FairFace": (load_fairface(packs, "fairface_64.npz", 64).images, train_gender.CONFIG),
    }
    for name, (images, config) in sets.items():
        seen = framing(images, DETECTOR, sample=300)
        assert seen.margin == pytest.approx(config.crop.margin, abs=0.02)
        assert seen.shift_y == pytest.approx(config.crop.shift_y, abs=0.02)
        assert seen.misses().shift == pytest.approx(MEASURED[name].shift, abs=0.02)
        assert seen.misses().scale == pytest.approx(MEASURED[name].scale, abs=0.04)
