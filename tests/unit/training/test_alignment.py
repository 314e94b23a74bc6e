from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from training import alignment
from utils.classifiers import Classifier
from utils.detector import Detector
from utils.labels import EMOTIONS
from utils.manifest import Manifest
from utils.preprocessor import crop


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector(Manifest.load())


@pytest.fixture
def faces(astronaut: np.ndarray) -> np.ndarray:
    face = cv2.resize(astronaut[50:190, 155:295], (96, 96), interpolation=cv2.INTER_AREA)
    return np.stack([face, face[:, ::-1]])


def test_landmarks_are_told_in_shares_of_the_stored_picture(
    detector: Detector, faces: np.ndarray
) -> None:
    places = np.array(alignment.places(faces, detector))
    # Set by eye: eyes, nose and mouth of the astronaut, and of her mirror image.
    expected = [(0.37, 0.37), (0.63, 0.37), (0.5, 0.52), (0.4, 0.68), (0.6, 0.68)]
    assert np.abs(places - expected).max() < 0.1


def test_a_tilted_face_is_cut_as_the_upright_one(detector: Detector, faces: np.ndarray) -> None:
    spec = replace(Classifier("emotion", Manifest.load()).crop, upright=False)
    turned = replace(spec, upright=True)
    (straight,) = alignment.seen(faces[:1], detector)
    (tilted,) = alignment.seen(alignment.tilted(faces[:1], 25), detector)
    wanted = crop(straight.photo, straight.box_xyxy, turned, straight.landmarks)
    upright = crop(tilted.photo, tilted.box_xyxy, turned, tilted.landmarks)
    by_box = crop(tilted.photo, tilted.box_xyxy, spec)

    def unlike(other: np.ndarray) -> float:
        middle = slice(12, 36)
        return float(np.abs(other[middle, middle].astype(float) - wanted[middle, middle]).mean())

    assert unlike(upright) < 0.85 * unlike(by_box)


def test_wrong_landmarks_are_off_by_the_share_asked_for() -> None:
    points = ((10.0, 10.0), (30.0, 10.0), (20.0, 20.0), (12.0, 30.0), (28.0, 30.0))
    rng = np.random.default_rng(0)
    moved = np.array([alignment.wrong(points, 0.1, rng) for _ in range(2000)])
    assert (moved - points).std() == pytest.approx(0.1 * 20, rel=0.05)


def test_every_way_of_cutting_is_asked_about(detector: Detector, faces: np.ndarray) -> None:
    classifier = Classifier("emotion", Manifest.load())
    blank = np.zeros((1, 96, 96, 3), np.uint8)
    shares, found = alignment.accuracies(
        classifier,
        np.concatenate([faces, blank]),
        np.full(3, EMOTIONS.index("happiness")),
        to=alignment.places(faces, detector),
        detector=detector,
    )
    assert found == pytest.approx(2 / 3)
    assert set(shares.values()) == {1.0}
    text = alignment.table({0.0: (shares, found)})
    assert all(way in text for way in ("as stored", "cut by the box", "landmarks 20% off"))
