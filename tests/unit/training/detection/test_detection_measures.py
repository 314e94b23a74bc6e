from __future__ import annotations

import numpy as np
import pytest

from training.detection.labels import Labels
from training.detection.measures import average_precision, matched
from utils.cells import Found


def labels(*boxes: tuple[float, ...], doubtful: tuple[tuple[float, ...], ...] = ()) -> Labels:
    array = np.array(boxes, np.float32).reshape(-1, 4)
    return Labels(
        array,
        np.full((len(array), 5, 2), np.nan, np.float32),
        np.array(doubtful, np.float32).reshape(-1, 4),
    )


def found(*rows: tuple[float, ...]) -> Found:
    array = np.array(rows, np.float32).reshape(-1, 5)
    return Found(array[:, :4], array[:, 4], np.zeros((len(array), 5, 2), np.float32))


def test_a_face_is_hit_once_and_the_second_box_is_a_false_alarm() -> None:
    result = matched(
        found((0, 0, 30, 30, 0.9), (1, 1, 31, 31, 0.8)), labels((0, 0, 30, 30)), 1.0, 24
    )
    assert result.outcomes.tolist() == [[pytest.approx(0.9), 1], [pytest.approx(0.8), 0]]
    assert result.hit_by.tolist() == [0]


def test_small_and_doubtful_faces_may_be_found_or_not() -> None:
    truth = labels((0, 0, 10, 10), (50, 50, 90, 90), doubtful=((200, 200, 240, 240),))
    result = matched(found((0, 0, 10, 10, 0.9), (205, 205, 235, 235, 0.8)), truth, 1.0, 24)
    assert result.faces == 1
    assert len(result.outcomes) == 0


def test_sizes_are_those_of_the_scaled_picture_and_boxes_those_of_the_picture() -> None:
    result = matched(found((0, 0, 60, 60, 0.9)), labels((0, 0, 60, 60)), 0.5, 24)
    assert (result.faces, result.outcomes[0, 1]) == (1, 1)
    assert matched(found((0, 0, 60, 60, 0.9)), labels((0, 0, 60, 60)), 0.3, 24).faces == 0


def test_average_precision_of_known_lists() -> None:
    every = average_precision(np.array([[0.9, 1], [0.8, 1]]), 2)
    assert every == {"ap": pytest.approx(1), "recall": pytest.approx(1)}
    half = average_precision(np.array([[0.9, 1], [0.8, 0], [0.7, 1], [0.6, 0]]), 4)
    assert half["ap"] == pytest.approx(0.25 * 1 + 0.25 * 2 / 3)
    assert half["recall"] == pytest.approx(0.25)
    assert average_precision(np.zeros((0, 2)), 3) == {"ap": 0.0, "recall": 0.0}
