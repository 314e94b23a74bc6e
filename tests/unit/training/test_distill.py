"""What a student is told: the teachers' mean opinion, over pictures and their mirror images."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

from training import distill, train_emotion
from training.architectures import mini_resnet
from training.datasets import Faces
from utils.preprocessor import CropSpec

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*np.object.*:FutureWarning"),
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't:DeprecationWarning"),
]

SPEC = CropSpec(size_px=16, color="gray", margin=0.0)


def teacher(seed: int) -> keras.Model:
    keras.utils.set_random_seed(seed)
    heads = {"emotion": 8, "fer2013": 7}
    return mini_resnet(size_px=16, channels=1, heads=heads, stem=4, blocks=((4, 1), (8, 2)))


def noise(n: int, side: int = 16) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (n, side, side), np.uint8)


def test_opinions_are_the_mean_of_the_teachers_and_blind_to_mirrors() -> None:
    images, teachers = noise(5), [teacher(1), teacher(2)]
    both = distill.opinions(teachers, images, SPEC)
    single = [distill.opinions([one], images, SPEC) for one in teachers]
    mirrored = distill.opinions(teachers, images[:, :, ::-1].copy(), SPEC)
    assert set(both) == {"emotion", "fer2013"}
    for head, said in both.items():
        assert np.allclose(said.sum(1), 1, atol=1e-5)
        assert np.allclose(said, (single[0][head] + single[1][head]) / 2, atol=1e-6)
        assert np.allclose(said, mirrored[head], atol=1e-6)
    assert not np.allclose(single[0]["emotion"], single[1]["emotion"], atol=1e-4)


def test_a_label_is_shared_between_its_own_and_the_teachers() -> None:
    own = Faces(noise(2), {"emotion": np.eye(8, dtype=np.float32)[:2]}, np.arange(2))
    said = {"emotion": np.full((2, 8), 1 / 8, np.float32)}
    mixed = distill.taught(own, said, 0.25).targets["emotion"]
    assert mixed[0, 0] == pytest.approx(0.75 + 0.25 / 8)
    assert mixed[0, 1] == pytest.approx(0.25 / 8)
    assert (distill.taught(own, said, 0.0).targets["emotion"] == own.targets["emotion"]).all()


def test_other_faces_follow_with_the_teachers_opinion_alone() -> None:
    own = Faces(noise(2), {"emotion": np.eye(8, dtype=np.float32)[:2]}, np.arange(2))
    said = {"emotion": np.eye(8, dtype=np.float32)[[5, 6, 7]]}
    every = distill.joined(own, noise(3), said)
    assert len(every) == 5
    assert every.targets["emotion"].argmax(1).tolist() == [0, 1, 5, 6, 7]
    assert every.group.tolist() == [0, 1, 5, 6, 7]


def test_the_other_packs_faces_come_in_the_tasks_size_and_colour(drawn_packs: Path) -> None:
    gray = distill.other_faces("emotion", drawn_packs, noise(1, 48))
    assert gray.shape[1:] == (48, 48)
    rgb = distill.other_faces("gender", drawn_packs, np.zeros((1, 64, 64, 3), np.uint8))
    assert rgb.shape[1:] == (64, 64, 3)


def test_the_command_trains_a_student(
    drawn_packs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    small = replace(train_emotion.CONFIG, batch=8, stem=4, blocks=((4, 1), (8, 2)), decay_epochs=1)
    monkeypatch.setattr(train_emotion, "CONFIG", small)
    heads = {name: head.classes for name, head in small.heads.items()}
    one = mini_resnet(size_px=48, channels=1, heads=heads, stem=4, blocks=((4, 1), (8, 2)))
    one.save(tmp_path / "teacher.keras")
    words = f"emotion --data {drawn_packs} --runs {tmp_path} --name student --epochs 1"
    distill.main([*words.split(), "--teachers", str(tmp_path / "teacher.keras")])
    assert (tmp_path / "student" / "average.keras").exists()
    history = (tmp_path / "student" / "history.json").read_text()
    assert "--data DIR" in history
    assert str(drawn_packs) not in history
