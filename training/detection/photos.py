"""The photographs a detector is trained and judged on, with their faces' boxes and landmarks.

People drew the boxes of one pack (most faces wear masks), a teacher network those of the other.
Landmarks are the teacher's in both. A fifth of the files, chosen by a hash of their names, is
never trained on; a tenth of the others is what decisions are made on.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from tqdm import tqdm

from training.datasets import held_out
from training.detection.labels import Labels
from training.detection.teacher import Teacher
from training.packs import DatasetError, checked
from utils.cells import Found, joined, overlap, suppressed

PACKS = ("faces_det_train_masks.zip", "faces_det_train_teacher.zip")
Split = Literal["training", "validation", "evaluation"]
_EVALUATION_SHARE = 5
_LOOKED_AT_PX = (320, 640, 1024)  # long sides in which the teacher looks for landmarks
_SAME_FACE = 0.4  # overlap of a drawn box and the teacher's; people drew from brow to chin


@dataclass(frozen=True)
class Photo:
    """A photograph: its JPEG bytes, its labels, and where they come from."""

    name: str
    jpeg: bytes
    labels: Labels
    drawn_by_people: bool
    masked: NDArray[np.bool_]  # (n,) of the boxes; False where nobody said

    def image_rgb(self) -> NDArray[np.uint8]:
        """The picture (h, w, 3) uint8."""
        return np.asarray(Image.open(io.BytesIO(self.jpeg)).convert("RGB"))


def split_of(file: str) -> Split:
    """Where a file of a pack belongs, by its name within the pack."""
    if held_out(file.encode(), _EVALUATION_SHARE):
        return "evaluation"
    return "validation" if held_out(f"validation {file}".encode()) else "training"


def load_photos(data: Path, split: Split, teacher: Teacher | None) -> list[Photo]:
    """The photographs of a split of both packs. Raises `DatasetError`.

    Without a teacher there are no landmarks, and what people left without a box counts as nothing.
    """
    return [photo for pack in PACKS for photo in _read(data, pack, split, teacher)]


def _read(data: Path, pack: str, split: Split, teacher: Teacher | None) -> list[Photo]:
    path = checked(data, pack)
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [
                entry
                for entry in json.loads(archive.read("boxes.json"))
                if split_of(entry["file"]) == split
            ]
            bar = tqdm(entries, desc=f"{pack}, {split}", unit="photo", leave=False, disable=None)
            return [_photo(pack, entry, archive.read(entry["file"]), teacher) for entry in bar]
    except (KeyError, ValueError, zipfile.BadZipFile) as error:
        raise DatasetError(f"{path} cannot be read: {error}") from None


def _photo(pack: str, entry: dict[str, Any], jpeg: bytes, teacher: Teacher | None) -> Photo:
    boxes = _xyxy(entry["boxes"])
    by_people = "score" not in entry
    masked = np.array([by_people and kind != "no_mask" for kind in entry["kind"]][: len(boxes)])
    labels = Labels(
        boxes,
        np.full((len(boxes), 5, 2), np.nan, np.float32),
        _xyxy(entry.get("ignore", [])),
        complete=not by_people and not len(boxes) and not entry.get("ignore"),
    )
    photo = Photo(
        f"{pack.removesuffix('.zip')}/{entry['file']}", jpeg, labels, by_people, masked.astype(bool)
    )
    if teacher is None:
        return photo
    image = photo.image_rgb()
    scales = [side / max(image.shape[:2]) for side in _LOOKED_AT_PX]
    found = suppressed(joined([teacher.find(image, scale) for scale in scales]))
    completed = _completed(labels, found, by_people=by_people)
    return Photo(photo.name, jpeg, completed, by_people, photo.masked)


def _completed(labels: Labels, found: Found, *, by_people: bool) -> Labels:
    """The labels with the teacher's landmarks; what it sees besides is doubtful.

    In photographs that people marked small faces of the background are often not boxed.
    """
    landmarks = labels.landmarks.copy()
    alone = np.ones(len(found), bool)
    if len(found) and len(labels.boxes):
        same = overlap(labels.boxes, found.boxes)
        best = same.argmax(1)
        known = same[np.arange(len(best)), best] >= _SAME_FACE
        landmarks[known] = found.landmarks[best[known]]
        alone = same.max(0) < _SAME_FACE
    doubtful = found.boxes[alone] if by_people else found.boxes[:0]
    return Labels(
        labels.boxes,
        landmarks,
        np.concatenate([labels.doubtful, doubtful]).astype(np.float32),
        labels.complete,
    )


def _xyxy(boxes_xywh: Sequence[Sequence[float]]) -> NDArray[np.float32]:
    boxes = np.array(boxes_xywh, np.float32).reshape(-1, 4)
    boxes[:, 2:] += boxes[:, :2]
    return boxes
