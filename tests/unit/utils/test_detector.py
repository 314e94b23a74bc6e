from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from utils.detector import Detector, confidence


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector()


def test_the_astronauts_face_is_found_where_it_is(
    detector: Detector, astronaut: np.ndarray
) -> None:
    found = detector.detect(astronaut)
    assert len(found) == 1
    x0, y0, x1, y1 = found[0].box_xyxy
    assert x0 < 225 < x1
    assert y0 < 120 < y1
    assert found[0].confidence > 0.5


def test_a_large_picture_gives_the_same_box_in_its_own_pixels(
    detector: Detector, astronaut: np.ndarray
) -> None:
    small = detector.detect(astronaut)[0].box_xyxy
    large = detector.detect(astronaut.repeat(3, 0).repeat(3, 1))[0].box_xyxy
    assert np.abs(np.array(large) / 3 - small).max() < 12


def test_several_faces_come_largest_first_and_bounded(astronaut: np.ndarray) -> None:
    half = astronaut[::2, ::2]
    canvas = np.full((512, 1024, 3), 90, np.uint8)
    canvas[:, :512], canvas[:256, 640:896] = astronaut, half
    found = Detector().detect(canvas)
    sides = [d.box_xyxy[2] - d.box_xyxy[0] for d in found]
    assert len(found) == 2
    assert sides == sorted(sides, reverse=True)
    assert len(Detector(max_faces=1).detect(canvas)) == 1


@pytest.mark.parametrize("size", [(1, 1), (1, 4000), (16, 16), (700, 20)])
def test_pictures_of_any_shape_without_a_face_give_none(
    detector: Detector, size: tuple[int, int]
) -> None:
    assert detector.detect(np.full((*size, 3), 128, np.uint8)) == []


def test_boxes_stay_inside_the_picture(detector: Detector, astronaut: np.ndarray) -> None:
    cut = astronaut[60:190, 160:290]
    for found in detector.detect(cut):
        x0, y0, x1, y1 = found.box_xyxy
        assert 0 <= x0 < x1 <= cut.shape[1]
        assert 0 <= y0 < y1 <= cut.shape[0]


def test_threads_may_share_a_detector(detector: Detector, astronaut: np.ndarray) -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(detector.detect, [astronaut] * 8))
    assert all(answer == answers[0] for answer in answers)


def test_confidence_grows_with_the_cascades_sum_and_stays_a_share() -> None:
    values = [confidence(value) for value in (-5, 0, 1, 5, 50)]
    assert values == sorted(values)
    assert 0 < values[0] < values[-1] <= 1
