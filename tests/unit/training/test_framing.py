from __future__ import annotations

import numpy as np
import pytest

from training.framing import framing, overlap
from utils.detector import Detector


def test_overlap_is_intersection_over_union() -> None:
    assert overlap((0, 0, 10, 10), (0, 0, 10, 10)) == 1
    assert overlap((0, 0, 10, 10), (5, 0, 10, 10)) == pytest.approx(1 / 3)
    assert overlap((0, 0, 10, 10), (20, 20, 5, 5)) == 0


def test_a_wider_cut_of_the_same_face_needs_more_margin(
    astronaut: np.ndarray, capsys: pytest.CaptureFixture[str]
) -> None:
    x0, y0, x1, y1 = Detector().detect(astronaut)[0].box_xyxy
    side = x1 - x0
    margins = []
    for extra in (0.05, 0.4):
        pad = round(side * extra)
        cut = astronaut[y0 - pad : y1 + pad, x0 - pad : x1 + pad]
        margins.append(framing(cut[None], Detector(), "astronaut")[0])
    assert margins[0] == pytest.approx(0.05, abs=0.08)
    assert margins[1] == pytest.approx(0.4, abs=0.12)
    assert "astronaut: found 1/1" in capsys.readouterr().out
