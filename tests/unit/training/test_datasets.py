from __future__ import annotations

from pathlib import Path

import numpy as np

from training.datasets import (
    FER_PRIVATE,
    FER_PUBLIC,
    FER_TRAIN,
    emotion_split,
    gender_split,
    load_fairface,
    load_fer,
    sha256_of,
)


def test_pictures_come_with_the_crowds_distribution(drawn_packs: Path) -> None:
    faces = emotion_split(load_fer(drawn_packs), FER_TRAIN)
    assert faces.images.shape[1:] == (48, 48)
    assert faces.targets.shape == (len(faces), 8)
    assert np.allclose(faces.targets.sum(1), 1)


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


def test_sha256_is_the_files(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"abc")
    assert sha256_of(tmp_path / "x").startswith("ba7816bf8f01cfea")


def test_no_test_picture_of_the_real_pack_is_in_the_training_split(packs: Path) -> None:
    fer = load_fer(packs)
    training = {image.tobytes() for image in emotion_split(fer, FER_TRAIN).images}
    for usage in (FER_PUBLIC, FER_PRIVATE):
        tests = {image.tobytes() for image in fer.images[fer.usage == usage]}
        assert not training & tests
    assert int(fer.has_test_twin.sum()) == 915


def test_the_real_gender_packs_share_no_picture(packs: Path) -> None:
    training = load_fairface(packs, "fairface_64.npz", 64)
    validation = load_fairface(packs, "fairface_val_112.npz", 112)
    small = np.stack([image[::14, ::14] for image in validation.images]).reshape(5000, -1)
    assert len(np.unique(small, axis=0)) > 4900
    assert len(training.images) == 39923
