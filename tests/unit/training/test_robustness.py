from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.unit.training.drawn_models import write_models
from training import robustness
from training.judges import judge_gender
from training.robustness import CHANGES, CLEAN, Change
from utils.classifiers import Classifier
from utils.manifest import Manifest
from utils.preprocessor import CropSpec

GRAY = CropSpec(size_px=48, color="gray", margin=0.0)
RGB = CropSpec(size_px=56, color="rgb", margin=0.0)


def picture(side: int, *channels: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 200, (side, side, *channels), np.uint8)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.name)
@pytest.mark.parametrize(("stored", "spec"), [(picture(48), GRAY), (picture(112, 3), RGB)])
def test_every_change_is_the_same_each_time_and_changes_the_crop(
    change: Change, stored: np.ndarray, spec: CropSpec
) -> None:
    before = stored.copy()
    once, again = change.apply(stored, spec), change.apply(stored, spec)
    assert once.dtype == np.uint8
    assert once.shape == CLEAN.apply(stored, spec).shape
    assert (once == again).all()
    assert (once != CLEAN.apply(stored, spec)).any()
    assert (stored == before).all()


def test_the_issues_changes_are_all_there() -> None:
    names = [change.name for change in CHANGES]
    assert len(set(names)) == len(names) == 11
    assert {"blur", "jpeg_q20", "24px", "margin_less", "margin_more", "sunglasses"} < set(names)


def test_less_and_more_margin_cut_the_middle_and_repeat_the_border() -> None:
    image = picture(100)
    assert (robustness.framed(image, 0.8) == image[10:90, 10:90]).all()
    wide = robustness.framed(image, 1.2)
    assert wide.shape == (120, 120)
    assert (wide[10:110, 10:110] == image).all()
    assert (wide[:10, 10:110] == image[0]).all()


def test_a_turn_to_the_left_raises_the_right_side() -> None:
    image = np.zeros((49, 49), np.uint8)
    image[24, 40] = 255
    rows, _ = np.nonzero(robustness.turned(image, 15) > 50)
    assert rows.mean() < 24


def test_light_is_cut_off_and_a_cover_hides_what_lies_below() -> None:
    image = np.full((40, 40), 200, np.uint8)
    assert robustness.lit(image, 1.5).max() == 255
    assert robustness.lit(image, 0.5).max() == 100
    covered = robustness.covered(image, (0.5, 1.0, 0.0, 0.5), 0)
    assert (covered == 0).mean() == 0.25


def test_the_table_starts_clean_and_counts_points_from_there(
    drawn_packs: Path, tmp_path: Path
) -> None:
    manifest = Manifest.load(write_models(tmp_path))
    classifier = Classifier("gender", manifest)
    judged = judge_gender(drawn_packs, classifier, 0.8)
    table = robustness.robustness(classifier, judged.images, judged.truth, 0.8)
    rows = {row["change"]: row for row in table}
    assert table[0]["change"] == "clean"
    assert table[0]["accuracy"] == 1
    assert rows["margin_more"]["loss_points"] == 0
    # The network knows brightness alone: half of it, and every man is taken for a woman.
    assert rows["darker"]["accuracy"] == 0.5
    assert rows["darker"]["loss_points"] == 50
    assert rows["darker"]["sure_accuracy"] is not None
