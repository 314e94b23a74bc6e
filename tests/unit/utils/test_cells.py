from __future__ import annotations

import numpy as np
import pytest

from utils.cells import OUTPUTS, Found, centres, decode, joined, overlap, suppressed


def found(*boxes: tuple[float, ...], scores: tuple[float, ...] = ()) -> Found:
    array = np.array(boxes, np.float32).reshape(-1, 4)
    values = np.array(scores or range(len(array), 0, -1), np.float32)
    return Found(array, values, np.zeros((len(array), 5, 2), np.float32))


def test_cells_come_by_stride_and_then_row_by_row() -> None:
    points, strides = centres(32, 64)
    assert strides.tolist() == [8] * 32 + [16] * 8 + [32] * 2
    assert points[:2].tolist() == [[4, 4], [12, 4]]
    assert points[-2:].tolist() == [[16, 16], [48, 16]]


def test_a_row_is_decoded_from_its_cells_centre_in_units_of_four_strides() -> None:
    rows = np.full((len(centres(32, 64)[0]), OUTPUTS), -9, np.float32)
    rows[32] = [2.0, 0.25, -0.125, np.log(0.5), np.log(1.0), *[0.0, 0.125] * 5]
    one = decode(rows, 32, 64, 0.0)
    assert one.scores.tolist() == [2.0]
    # Stride 16: the unit is 64 pixels, the cell's centre (8, 8).
    assert one.boxes[0] == pytest.approx([24 - 16, 0 - 32, 24 + 16, 0 + 32], abs=1e-4)
    assert one.landmarks[0, 0] == pytest.approx([8, 16])


def test_rows_without_a_number_are_no_faces() -> None:
    rows = np.zeros((len(centres(32, 32)[0]), OUTPUTS), np.float32)
    rows[:, 0] = np.nan
    rows[3] = [1.0, *[np.inf] * 14]
    assert len(decode(rows, 32, 32, 0.0)) == 0


def test_even_a_network_that_sees_faces_everywhere_is_decoded_within_bounds() -> None:
    rows = np.random.default_rng(0).normal(5, 1, (len(centres(640, 640)[0]), OUTPUTS))
    all_of_them = decode(rows.astype(np.float32), 640, 640, 0.0)
    assert len(all_of_them) == 512
    assert all_of_them.scores.min() >= np.sort(rows[:, 0])[-512].astype(np.float32)


def test_overlap_is_intersection_over_union() -> None:
    boxes = np.array([[0, 0, 10, 10], [5, 0, 15, 10], [20, 20, 30, 30], [0, 0, 0, 0]], np.float32)
    expected = [[1, 1 / 3, 0, 0], [1 / 3, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0]]
    assert overlap(boxes, boxes) == pytest.approx(np.array(expected), abs=1e-6)


def test_of_boxes_on_one_face_the_best_stays_and_best_comes_first() -> None:
    kept = suppressed(
        found((0, 0, 10, 10), (1, 0, 11, 10), (40, 0, 50, 10), scores=(0.5, 0.9, 0.7))
    )
    assert kept.scores == pytest.approx([0.9, 0.7])
    assert len(suppressed(found())) == 0


def test_a_box_that_was_suppressed_suppresses_no_other() -> None:
    chain = found((0, 0, 10, 10), (3, 0, 13, 10), (6, 0, 16, 10))
    assert suppressed(chain).boxes[:, 0].tolist() == [0, 6]


def test_a_box_between_two_neighbours_is_none_but_one_in_front_of_a_large_one_is() -> None:
    between = found((0, 0, 20, 20), (22, 0, 42, 20), (11, 0, 31, 20))
    assert suppressed(between).boxes[:, 0].tolist() == [0, 22]
    in_front = found((0, 0, 100, 100), (30, 60, 60, 90))
    assert len(suppressed(in_front)) == 2


def test_faces_are_joined_and_scaled_with_their_landmarks() -> None:
    both = joined([found((0, 1, 2, 3)), found((4, 5, 6, 7))])
    assert len(both) == 2
    larger = Found(both.boxes, both.scores, both.landmarks + 1).scaled(2, 3)
    assert larger.boxes[1].tolist() == [8, 15, 12, 21]
    assert larger.landmarks[0, 0].tolist() == [2, 3]
