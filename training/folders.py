"""Data sets of your own: a folder per class, or FER2013's CSV file as Kaggle gives it away.

    python -m training.train_emotion --data my-faces     # my-faces/happy/1.jpg, my-faces/sad/...
    python -m training.train_emotion --data icml_face_data.csv
    python -m training.train_gender  --data my-faces     # my-faces/woman/..., my-faces/man/...

The pictures are taken as they are: each should show one face, cut about as tightly as ours are
(`python -m training.framing`); of an oblong picture the middle square is used. There is no crowd
here, so that every target is one label.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from training.datasets import (
    FER2013_LABELS,
    FER_PUBLIC,
    FER_TRAIN,
    Faces,
    emotion_split,
    held_out,
    one_hot,
)
from training.fer_csv import read_csv
from training.packs import DatasetError
from utils.errors import SemblanceError
from utils.images import decode
from utils.labels import EMOTIONS, GENDERS
from utils.preprocessor import CropSpec, resize_square

# What folders are called elsewhere: our labels, FER2013's own words and their usual relatives.
EMOTION_FOLDERS = {label: label for label in EMOTIONS} | {
    "happy": "happiness",
    "surprised": "surprise",
    "sad": "sadness",
    "angry": "anger",
    "disgusted": "disgust",
    "fearful": "fear",
}
GENDER_FOLDERS = {label: label for label in GENDERS} | {
    "women": "woman",
    "female": "woman",
    "men": "man",
    "male": "man",
}
_MAX_BYTES, _MAX_PIXELS = 50_000_000, 100_000_000


def load_emotions(data: Path, crop: CropSpec) -> tuple[Faces, Faces] | None:
    """Training and validation pictures of a CSV file or of folders; None for a folder of packs.

    Both heads have targets: FER2013's seven labels have no contempt, which is none of them more
    than another. Raises `DatasetError`.
    """
    if data.is_file():
        fer = read_csv(data)
        return _both(emotion_split(fer, FER_TRAIN), emotion_split(fer, FER_PUBLIC), data)
    if _holds_packs(data):
        return None
    training, validation = _read(data, EMOTION_FOLDERS, EMOTIONS, crop)
    return _both(_with_fer2013(training), _with_fer2013(validation), data)


def load_genders(data: Path, crop: CropSpec) -> tuple[Faces, Faces] | None:
    """As `load_emotions`, for folders of women and men; there is no target for age and race."""
    if data.is_file():
        raise DatasetError(f"{data} is a file; gender is learned from packs or a folder per class")
    if _holds_packs(data):
        return None
    return _both(*_read(data, GENDER_FOLDERS, GENDERS, crop), data)


def _holds_packs(data: Path) -> bool:
    """A folder with packs, or one with nothing in it that could be a class."""
    return any(data.glob("*.npz")) or not any(path.is_dir() for path in data.glob("*"))


def _read(
    data: Path, folders: Mapping[str, str], labels: tuple[str, ...], crop: CropSpec
) -> tuple[Faces, Faces]:
    """Pictures in the size and colour of `crop`, split by a hash of their files' bytes.

    So copies of a file stay on one side, and a picture stays on its side when others are added.
    """
    images: list[NDArray[np.uint8]] = []
    class_ids, validation, skipped = [], [], 0
    for folder in sorted(path for path in data.iterdir() if path.is_dir()):
        label = folders.get(folder.name.lower())
        if label is None:
            raise DatasetError(
                f"{folder} is no class that is known; the folders may be called "
                f"{', '.join(folders)} (or give the folder of the data packs)"
            )
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        for file in tqdm(files, desc=folder.name, unit="picture", leave=False, disable=None):
            content = file.read_bytes()
            try:
                image = decode(content, max_bytes=_MAX_BYTES, max_pixels=_MAX_PIXELS)
            except SemblanceError:
                skipped += 1
                continue
            images.append(resize_square(_middle(image), crop))
            class_ids.append(labels.index(label))
            validation.append(held_out(hashlib.sha256(content).digest()))
    counts = Counter(labels[class_id] for class_id in class_ids)
    said = ", ".join(f"{label} {counts[label]:,}" for label in labels if counts[label])
    print(f"{data}: {len(images):,} pictures ({said}), {skipped} unreadable files skipped")
    held = np.array(validation, bool)
    size = (crop.size_px, crop.size_px) if crop.color == "gray" else (crop.size_px, crop.size_px, 3)
    every = np.array(images, np.uint8).reshape(-1, *size)
    head = "emotion" if labels == EMOTIONS else "gender"
    ids = np.array(class_ids, np.int64)
    first, second = (
        Faces(every[rows], {head: one_hot(ids[rows], len(labels))}, ids[rows])
        for rows in (~held, held)
    )
    return first, second


def _middle(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = image.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return image[top : top + side, left : left + side]


def _with_fer2013(faces: Faces) -> Faces:
    table = np.full((len(EMOTIONS), len(FER2013_LABELS)), 1 / len(FER2013_LABELS), np.float32)
    for class_id, label in enumerate(FER2013_LABELS):
        table[EMOTIONS.index(label)] = one_hot(np.array([class_id]), len(FER2013_LABELS))
    return replace(faces, targets={**faces.targets, "fer2013": table[faces.group]})


def _both(training: Faces, validation: Faces, data: Path) -> tuple[Faces, Faces]:
    if not len(training) or not len(validation):
        raise DatasetError(
            f"{data}: too few pictures: {len(training)} for training, {len(validation)} held out"
        )
    print(f"{len(training):,} pictures for training, {len(validation):,} held out for decisions")
    return training, validation
