"""Train the emotion network on FER2013's pictures with the FER+ crowd's votes.

Two heads on one trunk: the crowd's distribution over eight expressions, which is what is served,
and FER2013's own seven labels, which disagree with the crowd on a third of the pictures; the
second head exists to be compared with the literature. Decisions are made on PublicTest;
PrivateTest is left to `training.evaluate`.
"""

from __future__ import annotations

from pathlib import Path

from training.command import command
from training.config import Head, TrainConfig
from training.datasets import FER_PUBLIC, FER_TRAIN, Faces, emotion_split, load_fer
from training.folders import load_emotions
from utils.preprocessor import CropSpec

CONFIG = TrainConfig(
    name="emotion",
    # Margin and shift as `python -m training.framing` prints them for our detector.
    crop=CropSpec(size_px=48, color="gray", margin=0.03, shift_y=-0.063, upright=True),
    heads={
        "emotion": Head(classes=8),
        "fer2013": Head(classes=7, weight=0.7, label_smoothing=0.1),
    },
    epochs=48,
    decay_epochs=28,
    blocks=((32, 1), (32, 1), (80, 2), (80, 1), (160, 2), (160, 1)),
)


def load(data: Path) -> tuple[Faces, Faces]:
    """Training and validation pictures, with the counts of what was left out printed.

    `data` is the folder of the packs, a folder per class or a CSV file. Raises `DatasetError`.
    """
    other = load_emotions(data, CONFIG.crop)
    if other:
        return other
    fer = load_fer(data)
    training = emotion_split(fer, FER_TRAIN)
    twins = int(fer.has_test_twin.sum())
    print(
        f"left out of training: {twins} twins of test pictures, {int((~fer.usable()).sum())} "
        "pictures without a face or a nameable expression (all splits)"
    )
    return training, emotion_split(fer, FER_PUBLIC)


if __name__ == "__main__":
    command(__doc__, CONFIG, load)
