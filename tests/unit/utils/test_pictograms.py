from __future__ import annotations

import itertools

import numpy as np
import pytest

from utils.labels import EMOTIONS
from utils.pictograms import pictogram


@pytest.mark.parametrize("side", [8, 24, 200])
@pytest.mark.parametrize("label", EMOTIONS)
def test_every_expression_has_one_in_every_size(label: str, side: int) -> None:
    drawn = pictogram(label, side)
    assert (drawn.shape, drawn.dtype) == ((side, side, 4), np.uint8)
    assert drawn[side // 2, side // 2, 3] > 200
    if side > 8:
        assert drawn[0, 0, 3] == 0


def test_no_two_look_alike_even_when_small() -> None:
    for one, other in itertools.combinations(EMOTIONS, 2):
        apart = np.abs(pictogram(one, 24).astype(int) - pictogram(other, 24)).mean()
        assert apart > 2, (one, other)


def test_there_is_none_for_another_word() -> None:
    with pytest.raises(KeyError):
        pictogram("joy", 24)
