from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from training import datasets
from training.datasets import (
    FER_PRIVATE,
    FER_PUBLIC,
    FER_TRAIN,
    emotion_split,
    gender_split,
    load_fairface,
    load_fer,
)


def test_pictures_come_with_the_crowds_distribution(drawn_packs: Path) -> None:
    faces = emotion_split(load_fer(drawn_packs), FER_TRAIN)
    assert faces.images.shape[1:] == (48, 48)
    assert faces.targets["emotion"].shape == (len(faces), 8)
    assert faces.targets["fer2013"].shape == (len(faces), 7)
    for target in faces.targets.values():
        assert np.allclose(target.sum(1), 1)


def test_a_single_vote_counts_as_an_outlier(drawn_packs: Path) -> None:
    crowd = load_fer(drawn_packs).crowd()
    assert crowd[1].tolist() == [0, 1, 0, 0, 0, 0, 0, 0]


def test_non_faces_and_twins_of_test_pictures_leave_the_training_split(drawn_packs: Path) -> None:
    fer = load_fer(drawn_packs)
    assert np.flatnonzero(fer.has_test_twin).tolist() == [3, 7]
    assert np.flatnonzero(~fer.usable()).tolist() == [5, 9]
    assert len(emotion_split(fer, FER_TRAIN)) == 40 - 4
    assert len(emotion_split(fer, FER_PUBLIC)) == 12


def test_the_gender_splits_share_no_picture_and_lose_none(drawn_packs: Path) -> None:
    fairface = load_fairface(drawn_packs, "fairface_64.npz", 64)
    training = gender_split(fairface, validation=False)
    validation = gender_split(fairface, validation=True)
    assert len(training) + len(validation) == len(fairface.images)
    assert 0 < len(validation) < len(training)
    seen = {image.tobytes() for image in training.images}
    assert not seen & {image.tobytes() for image in validation.images}


def no_training_row_has_a_twin_in_a_test_split(folder: Path) -> bool:
    fer = load_fer(folder)
    kept = fer.kept(FER_TRAIN)
    with np.load(folder / "fer2013.npz") as pack:
        groups = [pack["near_group"], pack["dup_of"]]
    tests = fer.usage != FER_TRAIN
    return kept.any() and not any(np.isin(group[kept], group[tests]).any() for group in groups)


def test_no_kept_row_has_a_twin_in_a_test_split(drawn_packs: Path) -> None:
    assert no_training_row_has_a_twin_in_a_test_split(drawn_packs)


def test_no_kept_row_of_the_real_pack_has_a_twin_in_a_test_split(packs: Path) -> None:
    assert no_training_row_has_a_twin_in_a_test_split(packs)


def test_twins_stay_in_the_test_splits_and_are_counted_there(drawn_packs: Path) -> None:
    fer = load_fer(drawn_packs)
    assert np.flatnonzero(fer.has_training_twin).tolist() == [50, 60]
    assert fer.kept(FER_PUBLIC)[50]
    assert fer.kept(FER_PRIVATE)[60]


def test_the_command_prints_what_is_kept_and_left_out(
    drawn_packs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    datasets.main(["--data", str(drawn_packs)])
    rows = {line[:42].strip(): line[42:].split() for line in capsys.readouterr().out.splitlines()}
    assert rows["with a twin in a test split, left out"] == ["2", "0", "0"]
    assert rows["with a twin in training"] == ["0", "1", "1"]
    assert rows["no face"] == ["1", "0", "0"]
    assert rows["a face, but no expression most could name"] == ["1", "0", "0"]
    assert rows["kept"] == ["36", "12", "12"]
    assert sum(int(number) for number in rows["woman"]) == 24


def test_every_pixel_array_is_what_the_pack_holds(drawn_packs: Path) -> None:
    fairface = load_fairface(drawn_packs, "fairface_val_112.npz", 112)
    assert fairface.images.shape == (48, 112, 112, 3)
    assert fairface.images[fairface.gender == 1].mean() > 150
    assert fairface.images[fairface.gender == 0].mean() < 90


def test_no_test_picture_of_the_real_pack_is_in_the_training_split(packs: Path) -> None:
    fer = load_fer(packs)
    training = {image.tobytes() for image in emotion_split(fer, FER_TRAIN).images}
    for usage in (FER_PUBLIC, FER_PRIVATE):
        tests = {image.tobytes() for image in fer.images[fer.usage == usage]}
        assert not training & tests
    counts = [int(rows.sum()) for rows in (fer.has_test_twin, fer.has_training_twin)]
    assert counts == [915, 318 + 345]


def test_the_real_gender_packs_share_no_picture(packs: Path) -> None:
    training = load_fairface(packs, "fairface_64.npz", 64)
    validation = load_fairface(packs, "fairface_val_112.npz", 112)
    small = np.stack([image[::14, ::14] for image in validation.images]).reshape(5000, -1)
    assert len(np.unique(small, axis=0)) > 4900
    assert len(training.images) == 39923
