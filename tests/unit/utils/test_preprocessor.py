from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils.preprocessor import CropSpec, crop, resize_square, resized, similarity, to_input

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


PLACES = ((0.3, 0.35), (0.7, 0.35), (0.5, 0.55), (0.35, 0.75), (0.65, 0.75))
TO_PLACES = CropSpec(size_px=64, color="rgb", margin=0.0, landmarks=PLACES)
UPRIGHT = CropSpec(size_px=64, color="rgb", margin=0.0, upright=True)


def dots(places: np.ndarray, side: int, radius: float) -> np.ndarray:
    """A gray picture with a white dot at each of five places, in pixels."""
    image = np.full((side, side, 3), 60, np.uint8)
    for x, y in places:
        centre = (round((x - 0.5) * 16), round((y - 0.5) * 16))
        cv2.circle(image, centre, round(radius * 16), (255, 255, 255), -1, cv2.LINE_AA, 4)
    return image


def turned(degrees: float, scale: float, centre: float) -> np.ndarray:
    """The places of a face of `scale` pixels around (centre, centre), turned."""
    angle = np.radians(degrees)
    matrix = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return (np.array(PLACES) - 0.5) @ matrix.T * scale + centre


@pytest.mark.parametrize("degrees", [-40, -7, 0, 15, 33])
@pytest.mark.parametrize("scale", [40, 64, 150, 330])
@pytest.mark.parametrize("spec", [TO_PLACES, UPRIGHT], ids=["to places", "with its box"])
def test_a_turned_face_is_brought_upright(degrees: float, scale: float, spec: CropSpec) -> None:
    places = turned(degrees, scale, 256)
    image = dots(places, 512, scale / 30)
    half = scale / 2
    box = (int(256 - half), int(256 - half), int(256 + half), int(256 + half))
    points = tuple((float(x), float(y)) for x, y in places)
    cut = crop(image, box, spec, points).astype(int)[..., 0]
    for x, y in PLACES:
        column, row = int(x * 64), int(y * 64)
        assert cut[row, column] > 150
        window = cut[row - 4 : row + 5, column - 4 : column + 5] - 60
        rows, columns = np.mgrid[-4:5, -4:5]
        middle = np.array([(columns * window).sum(), (rows * window).sum()]) / window.sum()
        wanted = np.array([x * 64 - 0.5 - column, y * 64 - 0.5 - row])
        assert middle == pytest.approx(wanted, abs=0.35)


def test_a_similarity_is_exact_where_one_exists_and_never_mirrors() -> None:
    places = turned(25, 80, 100)
    view = similarity(places, TO_PLACES)
    assert places @ view[:, :2].T + view[:, 2] == pytest.approx(np.array(PLACES) * 64)
    mirrored = similarity(places * (-1, 1), TO_PLACES)
    assert np.linalg.det(mirrored[:, :2]) > 0


@pytest.mark.parametrize(
    "places",
    [
        turned(0, 300, 50),
        turned(0, 8, 50),
        turned(0, 40, 90),
        np.full((5, 2), 50.0),
        np.full((5, 2), -1e6),
    ],
    ids=["far too large", "far too small", "elsewhere", "one point", "outside"],
)
def test_landmarks_that_cannot_be_right_leave_the_cut_as_the_box_says(places: np.ndarray) -> None:
    points = tuple((float(x), float(y)) for x, y in places)
    box = (30, 30, 70, 70)
    assert (crop(numbered(), box, TO_PLACES, points) == crop(numbered(), box, TO_PLACES)).all()


@pytest.mark.parametrize("degrees", [0, 90, 180])
def test_margin_and_shift_turn_with_the_face(degrees: float) -> None:
    spec = replace(UPRIGHT, margin=0.1, shift_y=0.2)
    image = np.zeros((200, 200, 3), np.uint8)
    image[60:140, 60:140] = np.arange(80)[:, None, None] * 3
    box, places = (80, 80, 120, 120), turned(0, 40, 100)
    straight = crop(image, box, spec, tuple(map(tuple, places)))
    assert np.abs(straight.astype(int) - crop(image, box, replace(spec, upright=False))).max() <= 6
    quarter = round(degrees / 90)
    rolled = np.ascontiguousarray(np.rot90(image, -quarter))
    again = crop(rolled, box, spec, tuple(map(tuple, turned(degrees, 40, 100))))
    assert np.abs(again.astype(int) - straight).max() <= 2


@pytest.mark.parametrize(
    "places", [turned(0, 8, 50), turned(0, 40, 90), np.full((5, 2), 50.0), np.full((5, 2), -1e6)]
)
def test_no_face_is_turned_by_landmarks_that_cannot_be_right(places: np.ndarray) -> None:
    points = tuple((float(x), float(y)) for x, y in places)
    box, plain = (30, 30, 70, 70), replace(UPRIGHT, upright=False)
    assert (crop(numbered(), box, UPRIGHT, points) == crop(numbered(), box, plain)).all()


def test_a_network_without_places_ignores_landmarks() -> None:
    points = tuple((float(x), float(y)) for x, y in turned(30, 40, 50))
    assert (
        crop(numbered(), (30, 30, 70, 70), RGB, points) == crop(numbered(), (30, 30, 70, 70), RGB)
    ).all()


def test_a_turned_face_at_the_edge_repeats_the_border() -> None:
    points = tuple((float(x), float(y)) for x, y in turned(20, 40, 10))
    cut = crop(numbered(), (0, 0, 30, 30), TO_PLACES, points)
    assert cut.shape == (64, 64, 3)
    assert cut[..., 1].min() == 0


def test_gray_networks_get_turned_faces_in_gray() -> None:
    spec = CropSpec(size_px=48, color="gray", margin=0.0, landmarks=PLACES)
    points = tuple((float(x), float(y)) for x, y in turned(20, 40, 50))
    assert crop(numbered(), (30, 30, 70, 70), spec, points).shape == (48, 48)


@pytest.mark.parametrize(
    "landmarks", [((0.1, 0.2),), ((0.1, "x"),) * 5, ((0.1, float("nan")),) * 5]
)
def test_places_that_are_no_five_points_are_refused(landmarks: object) -> None:
    with pytest.raises(ValueError, match="landmarks"):
        CropSpec(size_px=48, color="gray", margin=0.0, landmarks=landmarks)  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [(100, 75), (33, 7), (320, 240), (1, 1)])
def test_resizing_keeps_the_mean_and_gives_the_size(size: tuple[int, int]) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (1001, 1303, 3), np.uint8)
    small = resized(picture, size)
    assert small.shape == (size[1], size[0], 3)
    assert small.mean() == pytest.approx(picture.mean(), abs=1.5)


@pytest.mark.parametrize("shape", [(3, 900, 3), (900, 2, 3), (1, 1, 3)])
def test_pictures_thinner_than_a_pixel_of_the_crop_are_cut_too(shape: tuple[int, ...]) -> None:
    picture = np.full(shape, 90, np.uint8)
    side = max(shape)
    places = np.array(PLACES) * side + (min(0, shape[1] - side) / 2, min(0, shape[0] - side) / 2)
    points = tuple((float(x), float(y)) for x, y in places)
    cut = crop(picture, (0, 0, shape[1], shape[0]), TO_PLACES, points)
    assert (cut == 90).all()
