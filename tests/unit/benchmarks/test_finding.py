from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks import detector, detector_card, detector_sheet, finding_fairly
from benchmarks.finding import accuracy, selfies
from benchmarks.haar import Haar
from benchmarks.rivals import Rival
from tests.unit.training.detection.drawn_faces import photo
from training.detection.photos import Photo
from training.detection.teacher import Teacher
from utils.cells import Found
from utils.manifest import DetectorNetwork

# At a long side of 640: faces of 139, 56 (tilted), 26 and 17 pixels.
FACES = ((120, 150, 100), (300, 120, 40), (350, 250, 19), (200, 40, 12))
KNOWN = replace(photo(*FACES), masked=np.array([False, True, False, False]))
EMPTY = photo()


def tilted(one: Photo, row: int) -> Photo:
    """The same photograph with the landmarks of one face turned by 30 degrees."""
    points = one.labels.landmarks.copy()
    middle, turn = points[row].mean(0), np.exp(1j * np.radians(30))
    around = (points[row] - middle) @ (1, 1j) * turn
    points[row] = np.stack([around.real, around.imag], 1) + middle
    return replace(one, labels=replace(one.labels, landmarks=points))


def knowing(photos: list[Photo], rows: slice, alarms: int = 0, off_px: float = 0.0) -> Rival:
    """Finds the faces of these rows, and so many places where there is none."""
    by_picture = {one.image_rgb().tobytes(): one.labels for one in photos}

    def find(image: np.ndarray) -> Found:
        labels = by_picture[image.tobytes()]
        wrong = np.array([[5.0 + 30 * i, 5, 25 + 30 * i, 25] for i in range(alarms)]).reshape(-1, 4)
        boxes = np.concatenate([labels.boxes[rows], wrong]).astype(np.float32)
        points = np.full((len(boxes), 5, 2), 1.0, np.float32)
        points[: len(labels.boxes[rows])] = labels.landmarks[rows] + (off_px, 0)
        return Found(boxes, np.linspace(0.9, 0.6, len(boxes)).astype(np.float32), points)

    return Rival(find, 0.5)


def test_who_finds_all_faces_and_nothing_else_is_perfect() -> None:
    photos = [tilted(KNOWN, 1), EMPTY]
    figures = accuracy(knowing(photos, slice(None)), photos, "test")
    assert (figures["recall"], figures["precision"], figures["ap"]) == (1, 1, 1)
    assert (figures["faces"], figures["photos_without_faces"]) == (3, 1)
    assert figures["false_alarms_per_photo"] == figures["landmark_error"] == 0
    kinds = ("16_to_24", "small", "medium", "large", "masked", "bare", "tilted")
    assert [figures[f"n_{kind}"] for kind in kinds] == [1, 1, 1, 1, 1, 2, 1]
    assert all(figures[f"recall_{kind}"] == 1 for kind in kinds)
    assert figures["n_huge"] == 0
    assert np.isnan(figures["recall_huge"])


def test_misses_false_alarms_and_landmarks_that_are_off_are_counted() -> None:
    photos = [KNOWN, EMPTY]
    figures = accuracy(knowing(photos, slice(0, 1), alarms=2, off_px=4), photos, "test")
    assert figures["served_recall"] == pytest.approx(1 / 3)
    assert figures["precision"] == pytest.approx(1 / 5)
    assert figures["false_alarms_per_photo"] == 2
    assert (figures["recall_large"], figures["recall_medium"]) == (1, 0)
    assert figures["landmark_error"] == pytest.approx(4 / 40)


def test_selfies_are_faces_that_fill_the_picture() -> None:
    nowhere = Found(
        np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros((0, 5, 2), np.float32)
    )

    def half_of_it(_: np.ndarray) -> Found:
        return Found(
            np.array([[83, 67, 237, 253]], np.float32),
            np.ones(1, np.float32),
            np.zeros((1, 5, 2), np.float32),
        )

    # The one large enough is shown at .4, .6, .8 and all of the height; this box fits .6 and .8.
    assert selfies(Rival(half_of_it, 0.5), [KNOWN]) == pytest.approx(1 / 2)
    assert selfies(Rival(lambda _: nowhere, 0.5), [KNOWN]) == 0


def test_landmarks_are_compared_with_the_teachers_where_both_see_a_face(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    labels = photo((56, 56, 80), size_wh=(112, 112)).labels
    known = Found(labels.boxes, np.ones(1, np.float32), labels.landmarks)
    nobody = known[np.zeros(1, np.bool_)]

    class Knowing(Teacher):
        def __init__(self) -> None: ...

        def find(self, image_rgb: np.ndarray, scale: float, from_score: float = 0.4) -> Found:
            assert (scale, from_score) == (1.7, 0.7)
            return known if image_rgb[0, 0, 0] else nobody

    images = np.ones((20, 112, 112, 3), np.uint8)
    images[5] = 0
    pack = SimpleNamespace(images=images)
    monkeypatch.setattr(finding_fairly, "load_fairface", lambda *_: pack)
    off = Rival(lambda _: Found(known.boxes, known.scores, known.landmarks + 3), 0.5)
    # The drawn eyes are two fifths of 80 pixels apart.
    error = finding_fairly.landmark_error(off, Knowing(), Path("data"))
    assert error == pytest.approx(3 * 2**0.5 / 32, rel=1e-4)


def test_the_sheet_shows_hits_misses_and_false_alarms_in_their_colours() -> None:
    photos = [KNOWN, EMPTY]
    sheet = np.asarray(detector_sheet.draw(knowing(photos, slice(0, 1), alarms=1), photos))
    for colour in ((0, 200, 0), (230, 0, 0), (0, 80, 255)):
        assert (sheet == colour).all(2).any()


def test_times_are_those_of_all_photographs_for_every_detector() -> None:
    photos = [KNOWN, EMPTY]
    seen: list[tuple[str, tuple[int, ...]]] = []

    def noting(name: str) -> Rival:
        def find(image: np.ndarray) -> Found:
            seen.append((name, image.shape))
            return Found(*(np.zeros(0, np.float32),) * 3)

        return Rival(find, 0.5)

    figures = detector.times({"one": noting("one"), "other": noting("other")}, photos)
    assert seen == [("one", (960, 1280, 3)), ("other", (960, 1280, 3))] * 2
    assert set(figures) == {"one", "other"}
    for each in figures.values():
        assert 0 < each["ms"] <= each["p95_ms"] <= each["p99_ms"]


def test_the_cascade_finds_a_face_from_the_front(astronaut: np.ndarray) -> None:
    for haar in (Haar(), Haar(640)):
        found = haar.find(astronaut)
        (box,) = [box for box in found.boxes if box[0] < 225 < box[2] and box[1] < 120 < box[3]]
        assert 60 < box[3] - box[1] < 200


def test_the_card_says_what_was_measured() -> None:
    figures = {
        **accuracy(knowing([KNOWN, EMPTY], slice(None)), [KNOWN, EMPTY], "test"),
        "ms": 3.21,
        "fairface_found": 0.99,
        "fairface White/woman": 0.98,
    }
    results = {"ours": {key: None if np.isnan(v) else v for key, v in figures.items()}}
    entry = DetectorNetwork(file="d.onnx", sha256={"d.onnx": ""}, config={"epochs": 7})
    sizes = {"parameters": 75_085, "bytes": 194_059, "fairface White/woman": 100}
    text = detector_card.card(entry, results, sizes)
    assert "75,085 parameters, 194 kB" in text
    assert "| White, woman | 100 | 0.9800 | 0.930 to 0.994 |" in text
    assert "The run had 7 epochs of ? batches" in text
    assert "ours" in detector.table(results)
