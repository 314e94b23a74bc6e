from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils.preprocessor import CropSpec, crop, resize_square, to_input

GRAY = CropSpec(size_px=48, color="gray", margin=0.0)
RGB = CropSpec(size_px=64, color="rgb", margin=0.25)


def numbered(height: int = 100, width: int = 120) -> np.ndarray:
    """A picture whose red is the column and whose green is the row."""
    y, x = np.mgrid[0:height, 0:width]
    return np.stack([x, y, 0 * x], 2).astype(np.uint8)


def test_the_crop_is_the_square_around_the_box() -> None:
    spec = CropSpec(size_px=20, color="rgb", margin=0.0)
    cut = crop(numbered(), (30, 40, 50, 60), spec)
    assert cut.shape == (20, 20, 3)
    assert (cut[0, 0, :2] == (30, 40)).all()
    assert (cut[-1, -1, :2] == (49, 59)).all()


def test_the_margin_widens_it_on_every_side() -> None:
    spec = CropSpec(size_px=40, color="rgb", margin=0.5)
    cut = crop(numbered(), (30, 40, 50, 60), spec)
    assert (cut[0, 0, :2] == (20, 30)).all()


def test_the_shift_moves_it_down() -> None:
    spec = CropSpec(size_px=20, color="rgb", margin=0.0, shift_y=0.5)
    assert (crop(numbered(), (30, 40, 50, 60), spec)[0, 0, :2] == (30, 50)).all()


def test_an_oblong_box_is_cut_as_a_square_of_its_longer_side() -> None:
    spec = CropSpec(size_px=30, color="rgb", margin=0.0)
    cut = crop(numbered(), (40, 40, 50, 70), spec)
    assert (cut[0, 0, :2] == (30, 40)).all()


@pytest.mark.parametrize("box", [(0, 0, 20, 20), (5, 5, 25, 25), (100, 80, 120, 100)])
def test_a_face_at_the_edge_keeps_its_place_and_repeats_the_border(
    box: tuple[int, int, int, int],
) -> None:
    spec = CropSpec(size_px=40, color="rgb", margin=0.5)
    cut = crop(numbered(), box, spec).astype(int)
    middle = ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
    assert abs(cut[20, 20, 0] - middle[0]) <= 1
    assert abs(cut[20, 20, 1] - middle[1]) <= 1
    assert cut[..., 0].max() <= 119
    assert cut[..., 1].max() <= 99


@given(
    st.integers(0, 118),
    st.integers(0, 98),
    st.integers(1, 120),
    st.integers(1, 100),
    st.floats(-0.3, 2.5),
    st.floats(-0.4, 0.4),
)
def test_no_box_inside_the_picture_is_ever_lost(
    x: int, y: int, w: int, h: int, margin: float, shift_y: float
) -> None:
    spec = CropSpec(size_px=48, color="gray", margin=margin, shift_y=shift_y)
    box = (x, y, min(x + w, 120), min(y + h, 100))
    try:
        assert crop(numbered(), box, spec).shape == (48, 48)
    except ValueError:
        # Only a tiny box at the lower edge, moved out of the picture altogether.
        assert shift_y > 0


def test_a_box_outside_the_picture_is_an_error_not_an_empty_slice() -> None:
    with pytest.raises(ValueError, match="outside a picture of 120x100"):
        crop(numbered(), (200, 200, 220, 220), GRAY)


@pytest.mark.parametrize("side", [8, 48, 100, 144, 333])
def test_any_size_and_colour_becomes_the_specified_one(side: int) -> None:
    gray = np.full((side, side), 77, np.uint8)
    assert resize_square(gray, RGB).shape == (64, 64, 3)
    assert resize_square(np.dstack([gray] * 3), GRAY).shape == (48, 48)
    assert (resize_square(gray, GRAY) == 77).all()


def test_shrinking_averages_instead_of_dropping_pixels() -> None:
    stripes = np.tile(np.array([0, 255], np.uint8), (96, 48))
    assert abs(int(resize_square(stripes, GRAY).mean()) - 127) <= 1


def test_input_is_scaled_to_the_range_of_the_specification() -> None:
    crops = [np.zeros((48, 48), np.uint8), np.full((48, 48), 255, np.uint8)]
    batch = to_input(crops, GRAY)
    assert batch.shape == (2, 48, 48, 1)
    assert batch.dtype == np.float32
    assert (batch[0] == -1).all()
    assert np.allclose(batch[1], 1)
    unit = CropSpec(size_px=48, color="gray", margin=0, input_min=0, input_max=1)
    assert np.allclose(to_input(crops, unit)[1], 1)


@pytest.mark.parametrize(
    "changes", [{"size_px": 0}, {"margin": -0.5}, {"input_min": 1.0, "input_max": 0.0}]
)
def test_an_unusable_specification_is_refused(changes: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="not a usable crop"):
        CropSpec(**({"size_px": 48, "color": "gray", "margin": 0.0} | changes))  # type: ignore[arg-type]
