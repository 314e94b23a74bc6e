"""How many pictures of the packs are kept for what, and how many are left out and why."""

from __future__ import annotations

import numpy as np

from training.datasets import FER_SPLITS, FairFace, Fer, gender_split
from utils.labels import GENDERS


def summary(fer: Fer, fairface: FairFace) -> str:
    """What is kept and what is left out of each split, as a table of counts."""
    splits = range(len(FER_SPLITS))
    usable = fer.usable()
    counts = {
        "pictures": np.ones(len(usable), bool),
        "no face": ~fer.valid,
        "a face, but no expression most could name": fer.valid & ~usable,
        "with a twin in a test split, left out": fer.has_test_twin,
        "with a twin in training": fer.has_training_twin,
        "kept": np.logical_or.reduce([fer.kept(split) for split in splits]),
    }
    lines = [f"{'FER2013':42}" + "".join(f"{name:>12}" for name in FER_SPLITS)]
    for words, rows in counts.items():
        numbers = [int((rows & (fer.usage == split)).sum()) for split in splits]
        lines.append(f"{words:42}" + "".join(f"{number:12,}" for number in numbers))
    lines += ["", f"{'FairFace':42}" + "".join(f"{name:>12}" for name in ("Training", "Held out"))]
    parts = [gender_split(fairface, validation=part).targets for part in (False, True)]
    sizes = [part["gender"].sum(0).astype(int) for part in parts]
    lines.append(f"{'pictures':42}" + "".join(f"{size.sum():12,}" for size in sizes))
    for class_id, label in enumerate(GENDERS):
        lines.append(f"{label:42}" + "".join(f"{size[class_id]:12,}" for size in sizes))
    return "\n".join(lines)
