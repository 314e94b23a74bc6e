"""Train the gender network on FairFace's training files.

Decisions are made on a tenth of them; the validation pack is left to `training.evaluate`.
"""

from __future__ import annotations

from pathlib import Path

from training.augmentation import Augmentation
from training.datasets import Faces, gender_split, load_fairface
from training.fit import TrainConfig, command
from utils.preprocessor import CropSpec

CONFIG = TrainConfig(
    name="gender",
    # Margin and shift as `python -m training.framing` prints them for our detector.
    crop=CropSpec(size_px=64, color="rgb", margin=0.016, shift_y=0.089),
    epochs=48,
    label_smoothing=0.05,
    stem=32,
    stem_stride=2,
    widths=(64, 112, 160),
    augmentation=Augmentation(gray_share=0.3),
)


def load(data: Path) -> tuple[Faces, Faces]:
    """Training and validation faces."""
    fairface = load_fairface(data, "fairface_64.npz", CONFIG.crop.size_px)
    return gender_split(fairface, validation=False), gender_split(fairface, validation=True)


if __name__ == "__main__":
    command(__doc__, CONFIG, load)
