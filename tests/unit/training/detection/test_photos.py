from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.unit.training.detection.drawn_faces import photo, write_detection_packs
from training.detection.labels import Labels
from training.detection.photos import PACKS, _completed, load_photos, split_of
from training.detection.teacher import Teacher
from training.packs import DatasetError
from utils.cells import Found

EVALUATION, VALIDATION = [9, 13], [18]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    write_detection_packs(folder)
    return folder


def test_every_photograph_belongs_to_one_split_for_ever(data: Path) -> None:
    names = [
        [photo.name for photo in load_photos(data, split, None)]
        for split in ("training", "validation", "evaluation")
    ]
    together = [name for part in names for name in part]
    assert len(together) == len(set(together)) == 2 * 40
    # Pinned: another hash would let faces that were trained on into the evaluation.
    assert [i for i in range(20) if split_of(f"img/{i:04}.jpg") == "evaluation"] == EVALUATION
    assert [i for i in range(20) if split_of(f"img/{i:04}.jpg") == "validation"] == VALIDATION


def test_about_a_fifth_is_never_trained_on_and_a_tenth_of_the_rest_decides() -> None:
    splits = [split_of(f"img/{i:05}.jpg") for i in range(4000)]
    assert splits.count("evaluation") / 4000 == pytest.approx(0.2, abs=0.02)
    assert splits.count("validation") / 4000 == pytest.approx(0.08, abs=0.02)


def test_boxes_are_corners_and_say_who_drew_them(data: Path) -> None:
    photos = load_photos(data, "training", None)
    by_people = [one for one in photos if one.drawn_by_people]
    assert 0 < len(by_people) < len(photos)
    full = next(one for one in by_people if len(one.labels.boxes) == 2)
    expected = photo((120, 150, 90), (300, 120, 40)).labels.boxes
    assert full.labels.boxes == pytest.approx(expected, abs=1e-3)
    assert full.masked.tolist() == [True, False]
    assert np.isnan(full.labels.landmarks).all()
    assert full.image_rgb().shape == (300, 400, 3)
    assert not any(one.labels.complete for one in by_people)
    taught = next(one for one in photos if not one.drawn_by_people)
    assert taught.labels.doubtful.tolist() == [[5, 5, 25, 35]]
    assert not taught.masked.any()


def found(*boxes: tuple[float, ...]) -> Found:
    array = np.array(boxes, np.float32).reshape(-1, 4)
    points = np.repeat(array[:, None, :2], 5, 1)
    return Found(array, np.full(len(array), 0.8, np.float32), points)


def test_the_teacher_adds_landmarks_and_doubts_but_never_a_face() -> None:
    labels = Labels(
        np.array([[0, 0, 40, 50], [100, 0, 140, 50]], np.float32),
        np.full((2, 5, 2), np.nan, np.float32),
        np.zeros((0, 4), np.float32),
    )
    seen = found((2, 0, 42, 50), (200, 200, 240, 250))
    people = _completed(labels, seen, by_people=True)
    assert (people.boxes == labels.boxes).all()
    assert people.landmarks[0, 0].tolist() == [2, 0]
    assert np.isnan(people.landmarks[1]).all()
    assert people.doubtful.tolist() == [[200, 200, 240, 250]]
    assert len(_completed(labels, seen, by_people=False).doubtful) == 0
    assert np.isnan(_completed(labels, found(), by_people=True).landmarks).all()


def test_data_that_cannot_be_used_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="is missing"):
        load_photos(tmp_path, "training", None)
    with pytest.raises(DatasetError, match="the teacher's weights lie beside the packs"):
        Teacher(tmp_path)
    write_detection_packs(tmp_path, photos=2)
    with (tmp_path / PACKS[0]).open("ab") as file:
        file.write(b"more")
    with pytest.raises(DatasetError, match="is not the known pack"):
        load_photos(tmp_path, "training", None)


def test_the_real_teacher_finds_the_astronaut(packs: Path, astronaut: np.ndarray) -> None:
    for scale in (0.5, 1.0):
        (box,) = Teacher(packs).find(astronaut, scale).boxes
        assert box[:2] == pytest.approx([179, 66], abs=12)
        assert box[2:] == pytest.approx([268, 185], abs=16)
