"""Photographs and faces that a script draws: a light oval with eyes and a mouth on a plain wall."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from training.detection.labels import Labels
from training.detection.photos import Photo
from training.detection.scenes import Cutout
from training.packs import SUMS_FILE, sha256_of

POINTS = np.array([[-0.2, -0.1], [0.2, -0.1], [0.0, 0.05], [-0.15, 0.2], [0.15, 0.2]], np.float32)


def face(
    image: np.ndarray, centre: tuple[float, float], height: float
) -> tuple[np.ndarray, np.ndarray]:
    """Draw one; returns its box (4,) and its landmarks (5, 2)."""
    half = np.array([0.38 * height, 0.5 * height])
    middle = np.array(centre)
    axes = tuple(int(value) for value in half)
    cv2.ellipse(image, tuple(int(v) for v in centre), axes, 0, 0, 360, (224, 180, 150), -1)
    points = (middle + POINTS * height).astype(np.float32)
    for x, y in points[:2]:
        cv2.circle(image, (int(x), int(y)), max(1, int(height / 16)), (20, 20, 40), -1)
    cv2.line(image, tuple(map(int, points[3])), tuple(map(int, points[4])), (150, 40, 40), 2)
    return np.concatenate([middle - half, middle + half]).astype(np.float32), points


def photo(*places: tuple[float, float, float], size_wh: tuple[int, int] = (400, 300)) -> Photo:
    """A photograph with faces at (x, y, height)."""
    image = np.full((size_wh[1], size_wh[0], 3), (70, 90, 110), np.uint8)
    known = [face(image, (x, y), height) for x, y, height in places]
    labels = Labels(
        np.array([box for box, _ in known], np.float32).reshape(-1, 4),
        np.array([points for _, points in known], np.float32).reshape(-1, 5, 2),
        np.zeros((0, 4), np.float32),
    )
    return Photo(
        "drawn", jpeg(image), labels, drawn_by_people=True, masked=np.zeros(len(known), bool)
    )


def cutout(side: int = 64) -> Cutout:
    """A single face, as FairFace's pictures show them."""
    image = np.full((side, side, 3), (40, 120, 60), np.uint8)
    box, points = face(image, (side / 2, side / 2), 0.66 * side)
    return Cutout(image, box, points)


def jpeg(image: np.ndarray) -> bytes:
    """The bytes of a JPEG."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=95)
    return file.getvalue()


def write_detection_packs(folder: Path, photos: int = 40) -> None:
    """Both packs of photographs, in the shape of the real ones, and their sums."""
    for name in ("faces_det_train_masks.zip", "faces_det_train_teacher.zip"):
        with zipfile.ZipFile(folder / name, "w") as archive:
            entries = [_entry(archive, i, by_people="masks" in name) for i in range(photos)]
            archive.writestr("boxes.json", json.dumps(entries))
    files = sorted([*folder.glob("*.npz"), *folder.glob("*.zip")])
    sums = "".join(f"{sha256_of(file)}  {file.name}\n" for file in files)
    (folder / SUMS_FILE).write_text(sums, encoding="utf-8")


def _entry(archive: zipfile.ZipFile, i: int, *, by_people: bool) -> dict[str, object]:
    one = photo((120, 150, 90), (300, 120, 40)) if i % 4 else photo()
    file = f"img/{i:04}.jpg"
    archive.writestr(file, one.jpeg)
    boxes = [[*box[:2].tolist(), *(box[2:] - box[:2]).tolist()] for box in one.labels.boxes]
    entry: dict[str, object] = {"file": file, "width": 400, "height": 300, "boxes": boxes}
    if by_people:
        return {**entry, "kind": ["mask", "no_mask"][: len(boxes)]}
    return {**entry, "kind": "people", "score": [0.9] * len(boxes), "ignore": [[5, 5, 20, 30]]}
