from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from training.detection.labels import Labels
from training.detection.targets import TARGETS, DetectionLoss, assign
from training.detection.teacher import Teacher
from utils.cells import OUTPUTS, UNIT, centres

SIDE = 320
ASKED, SCORE, BOX, BOX_COUNTS, POINTS_COUNT = 0, 1, slice(2, 6), 6, 17


def labels(*boxes: tuple[float, ...], doubtful: tuple[tuple[float, ...], ...] = ()) -> Labels:
    array = np.array(boxes, np.float32).reshape(-1, 4)
    centre = (array[:, None, :2] + array[:, None, 2:]) / 2
    landmarks = np.repeat(centre, 5, 1).astype(np.float32)
    return Labels(array, landmarks, np.array(doubtful, np.float32).reshape(-1, 4))


def perfect(targets: np.ndarray) -> np.ndarray:
    """What a network would answer that knows the targets."""
    points, strides = centres(SIDE, SIDE)
    unit = UNIT * strides[:, None]
    rows = np.zeros((len(points), OUTPUTS), np.float32)
    low, high = targets[:, 2:4], targets[:, 4:6]
    rows[:, 0] = np.where(targets[:, BOX_COUNTS] > 0, 12, -12)
    rows[:, 1:3] = ((low + high) / 2 - points) / unit
    rows[:, 3:5] = np.log(np.maximum(high - low, 1) / unit)
    rows[:, 5:] = (
        (targets[:, 7:17].reshape(-1, 5, 2) - points[:, None]) / unit[..., None]
    ).reshape(-1, 10)
    return rows


@pytest.mark.parametrize("size", [5, 8, 12, 17, 20, 30, 45, 60, 75, 100, 130, 200, 240, 260, 320])
@pytest.mark.parametrize("place", [(160, 160), (37.3, 201.9), (96, 128)])
def test_every_face_belongs_to_some_cell_whatever_its_size(
    size: float, place: tuple[float, float]
) -> None:
    x, y = place
    box = (x - size / 2, y - size / 2, x + size / 2, y + size / 2)
    targets = assign(labels(box), SIDE)
    mine = targets[targets[:, BOX_COUNTS] == 1]
    assert 1 <= len(mine) <= 30
    assert mine[:, BOX] == pytest.approx(np.tile(np.float32(box), (len(mine), 1)))


def test_small_faces_belong_to_the_fine_map_and_large_ones_to_the_coarse() -> None:
    strides = centres(SIDE, SIDE)[1]
    for size, allowed in ((12, {8}), (50, {8, 16}), (110, {16, 32}), (300, {32})):
        box = (160 - size / 2, 160 - size / 2, 160 + size / 2, 160 + size / 2)
        assert set(strides[assign(labels(box), SIDE)[:, BOX_COUNTS] == 1]) == allowed


def test_of_two_faces_the_smaller_one_has_the_cell() -> None:
    small, large = (150, 150, 180, 180), (120, 120, 216, 216)
    targets = assign(labels(large, small), SIDE)
    rows = targets[targets[:, BOX_COUNTS] == 1]
    assert {tuple(row[BOX]) for row in rows} == {small, large}
    points, strides = centres(SIDE, SIDE)
    at = np.flatnonzero((strides == 8) & (points == (164, 164)).all(1))
    assert tuple(targets[at[0], BOX]) == small


def test_nothing_is_asked_where_nobody_can_say() -> None:
    targets = assign(labels(doubtful=((40, 40, 80, 80),)), SIDE)
    points, strides = centres(SIDE, SIDE)
    inside = (strides == 8) & ((points > 40) & (points < 80)).all(1)
    assert (targets[inside, ASKED] == 0).all()
    assert (targets[(strides == 8) & ~inside, ASKED] == 1).all()
    assert not targets[:, SCORE].any()


def test_a_known_face_is_asked_for_even_in_a_doubtful_place() -> None:
    targets = assign(labels((50, 50, 74, 74), doubtful=((40, 40, 90, 90),)), SIDE)
    assert (targets[:, BOX_COUNTS] == 1).any()


def test_the_loss_of_the_right_answer_is_about_zero_and_every_error_raises_it() -> None:
    targets = assign(labels((30, 40, 90, 110), (200, 200, 224, 228)), SIDE)
    loss = DetectionLoss(SIDE)
    right = perfect(targets)
    best = float(loss(targets[None], right[None]))
    assert best < 0.02
    for column, by in ((0, -14.0), (1, 0.2), (3, 0.5), (5, 0.3), (14, 0.3)):
        wrong = right.copy()
        wrong[targets[:, BOX_COUNTS] == 1, column] += by
        assert float(loss(targets[None], wrong[None])) > best + 0.05
    alarm = right.copy()
    alarm[5, 0] = 10
    assert float(loss(targets[None], alarm[None])) > best + 0.05


def test_who_sees_what_the_teacher_sees_in_whatever_scale_loses_nothing_by_it() -> None:
    targets = assign(labels((100, 100, 160, 160)), SIDE)
    hints = np.random.default_rng(0).normal(0, 1, (len(targets), 4)).astype(np.float32)
    asked = np.concatenate([targets, hints], 1)[None]
    answer = perfect(targets)

    def loss(said: np.ndarray) -> float:
        return float(DetectionLoss(SIDE)(asked, np.concatenate([answer, said], 1)[None]))

    plain = float(DetectionLoss(SIDE)(targets[None], answer[None]))
    assert loss(3 * hints + 7) == pytest.approx(plain, abs=1e-2)
    assert loss(hints + np.roll(hints, 1, 0)) > plain + 0.5
    assert loss(np.zeros_like(hints)) == pytest.approx(plain + 3, abs=1e-2)


def test_what_is_not_asked_costs_nothing() -> None:
    targets = assign(labels(doubtful=((40, 40, 80, 80),)), SIDE)
    loss = DetectionLoss(SIDE)
    answer = perfect(targets)
    quiet = float(loss(targets[None], answer[None]))
    answer[targets[:, ASKED] == 0] = 7
    assert float(loss(targets[None], answer[None])) == pytest.approx(quiet, abs=1e-6)


def test_landmarks_that_nobody_knows_cost_nothing() -> None:
    known = labels((30, 40, 90, 110))
    blind = Labels(known.boxes, np.full((1, 5, 2), np.nan, np.float32), known.doubtful)
    targets = assign(blind, SIDE)
    assert np.isfinite(targets).all()
    answer = perfect(targets)
    first = float(DetectionLoss(SIDE)(targets[None], answer[None]))
    answer[:, 5:] += 3
    assert float(DetectionLoss(SIDE)(targets[None], answer[None])) == pytest.approx(first)


def test_a_picture_without_faces_has_a_loss_too() -> None:
    targets = assign(labels(), SIDE)
    assert targets.shape == (len(centres(SIDE, SIDE)[0]), TARGETS)
    answer = np.zeros((1, len(targets), OUTPUTS), np.float32)
    value = float(DetectionLoss(SIDE)(targets[None], answer))
    assert np.isfinite(value)
    assert value > 0


def says(*faces: tuple[tuple[float, ...], float]) -> np.ndarray:
    """A teacher's answer that sees these boxes with these scores, in the cells of `assign`."""
    rows = np.zeros((len(centres(SIDE, SIDE)[0]), OUTPUTS), np.float32)
    rows[:, 0] = -6
    for box, score in faces:
        mine = assign(labels(box), SIDE)[:, BOX_COUNTS] == 1
        answer = perfect(assign(labels(box), SIDE))
        rows[mine] = answer[mine]
        rows[mine, 0] = np.log(score / (1 - score))
    return rows


def test_what_the_teacher_sees_is_asked_as_it_says_it() -> None:
    box = (40.0, 40.0, 90.0, 100.0)
    targets = assign(labels(), SIDE, says((box, 0.5)))
    told = targets[targets[:, BOX_COUNTS] > 0]
    assert told[:, SCORE] == pytest.approx(0.5)
    assert told[:, BOX_COUNTS] == pytest.approx(0.5)
    assert told[:, BOX] == pytest.approx(np.tile(np.float32(box), (len(told), 1)), abs=1e-2)
    assert targets[targets[:, BOX_COUNTS] == 0, SCORE] == pytest.approx(1 / (1 + np.e**6))


def test_a_true_face_that_the_teacher_doubts_is_worth_more_and_has_its_own_box() -> None:
    truth, seen = (40.0, 44.0, 90.0, 100.0), (40.0, 40.0, 90.0, 100.0)
    targets = assign(labels(truth), SIDE, says((seen, 0.5)))
    told = targets[targets[:, BOX_COUNTS] > 0]
    assert told[:, SCORE] == pytest.approx(0.8)
    assert told[:, BOX] == pytest.approx(np.tile(np.float32(truth), (len(told), 1)))


def test_a_face_that_the_teacher_missed_is_asked_for_all_the_same() -> None:
    alone = assign(labels((40, 40, 90, 100)), SIDE)
    both = assign(labels((40, 40, 90, 100)), SIDE, says(((200.0, 200.0, 260.0, 260.0), 0.9)))
    mine = alone[:, BOX_COUNTS] == 1
    assert (both[mine] == alone[mine]).all()
    assert (both[:, BOX_COUNTS] > 0).sum() > mine.sum()


def test_where_no_face_can_be_the_teachers_alarms_count_for_nothing() -> None:
    alarm, face = (200.0, 200.0, 260.0, 260.0), (40.0, 40.0, 90.0, 100.0)
    known = replace(labels(face), complete=True)
    targets = assign(known, SIDE, says((alarm, 0.9), (face, 0.9)))
    told = targets[targets[:, BOX_COUNTS] > 0]
    assert {tuple(row[BOX]) for row in told} == {face}
    assert targets[targets[:, BOX_COUNTS] == 0, SCORE] == pytest.approx(0)
    assert (targets[:, ASKED] == 1).all()


def test_who_answers_as_the_real_teacher_has_hardly_any_loss(
    packs: Path, astronaut: np.ndarray
) -> None:
    picture = cv2.resize(astronaut, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    said = Teacher(packs).rows(picture)
    targets = assign(labels(), SIDE, said)
    assert targets[:, SCORE].max() > 0.8
    same = float(DetectionLoss(SIDE)(targets[None], said[None]))
    assert same < 0.01
    said[:, 1] += 0.1
    assert float(DetectionLoss(SIDE)(targets[None], said[None])) > same + 0.1
