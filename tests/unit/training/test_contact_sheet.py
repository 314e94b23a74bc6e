from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from training import datasets
from training.contact_sheet import draw, words
from training.datasets import (
    FER_TRAIN,
    Faces,
    emotion_split,
    gender_split,
    load_fairface,
    load_fer,
)

# From inside Keras, on import.
pytestmark = pytest.mark.filterwarnings("ignore:.*np.object.*:FutureWarning")


@pytest.fixture(scope="module")
def faces(drawn_packs: Path) -> tuple[Faces, Faces]:
    fairface = load_fairface(drawn_packs, "fairface_64.npz", 64)
    return (
        emotion_split(load_fer(drawn_packs), FER_TRAIN),
        gender_split(fairface, validation=False),
    )


def test_the_seed_alone_decides_what_is_drawn(faces: tuple[Faces, Faces]) -> None:
    sheets = [np.asarray(draw(*faces, seed)) for seed in (1, 1, 2)]
    assert (sheets[0] == sheets[1]).all()
    assert (sheets[0] != sheets[2]).any()


def test_every_expression_is_on_the_sheet(
    faces: tuple[Faces, Faces], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    monkeypatch.setattr(
        "training.contact_sheet.words",
        lambda faces, row: (
            seen.append(faces.targets["emotion"][row].argmax()) or ""
            if "emotion" in faces.targets
            else ""
        ),
    )
    draw(*faces, 0)
    assert set(seen) == set(range(8))


def test_words_name_what_the_crowd_said_most_first() -> None:
    crowd = np.array([[0.3, 0, 0, 0.66, 0.04, 0, 0, 0]], np.float32)
    target = {"emotion": crowd, "fer2013": np.eye(7, dtype=np.float32)[[0]]}
    faces = Faces(np.zeros((1, 48, 48), np.uint8), target, np.zeros(1, np.int64))
    assert words(faces, 0) == "emotion:\n  sadness 66 %\n  neutral 30 %\nfer2013:\n  anger 100 %"


def test_the_command_draws_the_training_split_alone(
    drawn_packs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[Faces] = []
    monkeypatch.setattr(
        "training.contact_sheet.draw",
        lambda emotion, gender, seed: drawn.append(emotion) or Image.new("RGB", (4, 4)),
    )
    datasets.main(["--data", str(drawn_packs), "--preview", str(tmp_path / "sheet.png")])
    fer = load_fer(drawn_packs)
    tests = {image.tobytes() for image in fer.images[fer.usage != FER_TRAIN]}
    assert not tests & {image.tobytes() for image in drawn[0].images}
    assert (tmp_path / "sheet.png").is_file()
