"""Train the gender network on FairFace's training files.

Age and race are asked as well while it trains: a trunk that must know them reads faces better.
Those two heads are never exported. Decisions are made on a tenth of the training files; the
validation pack is left to `training.evaluate`.
"""

from __future__ import annotations

from pathlib import Path

from training.augmentation import Augmentation
from training.command import command
from training.config import Head, TrainConfig
from training.datasets import Faces, gender_split, load_fairface
from training.folders import load_genders
from utils.preprocessor import CropSpec

CONFIG = TrainConfig(
    name="gender",
    # Margin and shift as `python -m training.framing` prints them for our detector.
    crop=CropSpec(size_px=56, color="rgb", margin=0.027, shift_y=0.025, upright=True),
    heads={
        "gender": Head(classes=2, label_smoothing=0.05),
        "age": Head(classes=9, weight=0.15),
        "race": Head(classes=7, weight=0.15),
    },
    epochs=24,
    decay_epochs=19,
    group_robustness=0.5,
    augmentation=Augmentation(shift=0.11, gray_share=0.25, jpeg_share=0.2, erase_share=0.3),
)


def load(data: Path) -> tuple[Faces, Faces]:
    """Training and validation faces.

    `data` is the folder of the packs or a folder per class. Raises `DatasetError`.
    """
    other = load_genders(data, CONFIG.crop)
    if other:
        return other
    fairface = load_fairface(data, "fairface_64.npz", 64)
    return gender_split(fairface, validation=False), gender_split(fairface, validation=True)


if __name__ == "__main__":
    command(__doc__, CONFIG, load)
