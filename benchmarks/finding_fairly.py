"""Whose faces are found: FairFace's validation pictures, by race, gender and age."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from benchmarks.rivals import Rival
from training.datasets import FairFace, load_fairface
from training.detection.teacher import Teacher
from utils.labels import GENDERS

_SIDE_PX = 112
_ENLARGED, _SURE = 1.7, 0.7


def found_by_group(rival: Rival, data: Path) -> dict[str, float]:
    """The share found of all, of the worst group of one race and gender, and of each group.

    Found means: a box that holds the picture's centre. Raises `DatasetError`.
    """
    pack = load_fairface(data, "fairface_val_112.npz", _SIDE_PX)
    hits = np.array(
        [_found(rival, image) for image in tqdm(pack.images, "FairFace", leave=False, disable=None)]
    )
    shares = {name: float(hits[rows].mean()) for name, rows in groups(pack).items()}
    worst = min(share for name, share in shares.items() if name.count("/") == 1)
    return {
        "fairface_found": float(hits.mean()),
        "fairface_worst_group": worst,
        **{f"fairface {name}": share for name, share in shares.items()},
    }


def landmark_error(rival: Rival, teacher: Teacher, data: Path) -> float:
    """Mean distance to the teacher's landmarks as a share of its distance of the eyes.

    Of every fifth picture, enlarged to what the teacher knows best. Raises `DatasetError`.
    """
    pack = load_fairface(data, "fairface_val_112.npz", _SIDE_PX)
    errors = []
    for image in tqdm(pack.images[::5], "landmarks", leave=False, disable=None):
        known, found = teacher.find(image, _ENLARGED, _SURE), rival.served(image)
        if len(known) and len(found):
            truth = known.landmarks[0]
            off = np.hypot(*(found.landmarks[0] - truth).T).mean()
            errors.append(float(off / np.hypot(*(truth[1] - truth[0]))))
    return float(np.mean(errors))


def group_sizes(data: Path) -> dict[str, int]:
    """How many pictures each group of `found_by_group` has. Raises `DatasetError`."""
    pack = load_fairface(data, "fairface_val_112.npz", _SIDE_PX)
    return {f"fairface {name}": int(rows.sum()) for name, rows in groups(pack).items()}


def groups(pack: FairFace) -> dict[str, NDArray[np.bool_]]:
    """The rows of each race and gender, named race/gender, and of each age that is there."""
    both = {
        f"{race}/{gender}": (pack.race == r) & (pack.gender == g)
        for r, race in enumerate(pack.race_names)
        for g, gender in enumerate(GENDERS)
    }
    ages = {f"age {age}": pack.age == a for a, age in enumerate(pack.age_names)}
    return {name: rows for name, rows in {**both, **ages}.items() if rows.any()}


def _found(rival: Rival, image: NDArray[np.uint8]) -> float:
    boxes = rival.served(image).boxes
    inside = (boxes[:, :2] <= _SIDE_PX / 2).all(1) & (boxes[:, 2:] >= _SIDE_PX / 2).all(1)
    return float(inside.any())
