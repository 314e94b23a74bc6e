"""FER2013 as the CSV file that Kaggle gives away: `icml_face_data.csv` or `fer2013.csv`.

One line a picture: FER2013's label, the pixels as numbers between blanks, and the split. It has
the original labels alone, without the crowd's votes, and without a list of twins: copies are found
by their pixels, re-cut or re-lit variants are not.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from training.datasets import (
    FER2013_LABELS,
    FER_PUBLIC,
    FER_SPLITS,
    FER_TRAIN,
    Fer,
    held_out,
    with_twins,
)
from training.packs import DatasetError
from utils.labels import EMOTIONS

_SIDE_PX = 48


def read_csv(path: Path) -> Fer:
    """The file as `load_fer` gives the pack; all ten votes are for the one label.

    The columns are emotion, pixels and perhaps Usage, in any order and with any blanks around
    them; without Usage a tenth of the pictures is held out as PublicTest. Blank pictures count as
    no face. Raises `DatasetError`.
    """
    images: list[NDArray[np.uint8]] = []
    labels: list[int] = []
    usages: list[int] = []
    skipped = 0
    for cells in _rows(path):
        try:
            picture, label, usage = _pixels(cells["pixels"]), int(cells["emotion"]), _usage(cells)
        except (ValueError, KeyError, OverflowError):
            skipped += 1
            continue
        if not 0 <= label < len(FER2013_LABELS):
            raise DatasetError(f"{path}: emotion {label}; FER2013's labels are 0 to 6")
        images.append(picture)
        labels.append(label)
        usages.append(usage)
    if not images:
        raise DatasetError(f"{path} holds no picture of {_SIDE_PX}x{_SIDE_PX} pixels")
    fer = _as_fer(np.stack(images), np.array(labels, np.int64), np.array(usages, np.int64))
    print(
        f"{path}: {len(images):,} pictures, {skipped} unreadable lines skipped; left out of "
        f"training: {int(fer.has_test_twin.sum())} copies of test pictures, "
        f"{int((~fer.valid).sum())} blank pictures (all splits)"
    )
    return fer


def _rows(path: Path) -> Iterator[dict[str, str]]:
    """Each line's cells by the column's name in small letters without blanks."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = csv.reader(file)
            header = next(lines, [])
            names = [name.strip().lower() for name in header]
            for name in ("emotion", "pixels"):
                if name not in names:
                    raise DatasetError(
                        f"{path} has no column {name}; its first line is {','.join(header)[:80]!r}"
                    )
            for line in tqdm(lines, desc=path.name, unit="picture", leave=False, disable=None):
                yield dict(zip(names, line, strict=False))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"{path} cannot be read as a CSV file: {error}") from None


def _pixels(text: str) -> NDArray[np.uint8]:
    return np.array([int(value) for value in text.split()], np.uint8).reshape(_SIDE_PX, _SIDE_PX)


def _usage(cells: Mapping[str, str]) -> int:
    if "usage" in cells:
        return FER_SPLITS.index(cells["usage"].strip())
    return FER_PUBLIC if held_out(cells["pixels"].encode()) else FER_TRAIN


def _as_fer(images: NDArray[np.uint8], label: NDArray[np.int64], usage: NDArray[np.int64]) -> Fer:
    ours = np.array([EMOTIONS.index(name) for name in FER2013_LABELS])[label]
    votes = np.zeros((len(images), len(EMOTIONS) + 2), np.float32)
    votes[np.arange(len(images)), ours] = 10
    first: dict[bytes, int] = {}
    copies = np.array([first.setdefault(image.tobytes(), i) for i, image in enumerate(images)])
    flat = images.reshape(len(images), -1)
    return with_twins(
        images=images,
        label=label,
        usage=usage,
        votes=votes,
        valid=flat.min(1) < flat.max(1),
        twins=[copies],
    )
