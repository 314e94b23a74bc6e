"""How well a network finds the faces of photographs, while it trains."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import keras
import numpy as np
from numpy.typing import NDArray

from training.detection.measures import average_precision, matched
from training.detection.photos import Photo
from utils.cells import OUTPUTS, decode, suppressed

Image = NDArray[np.uint8]
_FROM_LOGIT = -4.0
_SMALLEST_PX = 12.0  # of a scene; half of what the evaluation asks for at twice the size
_BATCH = 32


class Judge:
    """Called with a network: its average precision and recall on `photos`, long side `side_px`."""

    def __init__(self, photos: Sequence[Photo], side_px: int) -> None:
        self._photos, self._side_px = photos, side_px
        self._images = [photo.image_rgb() for photo in photos]

    def __call__(self, model: keras.Model) -> dict[str, float]:
        """`ap`, and `recall` at the score from which 80 % of the boxes are faces."""
        tables, faces = [], 0
        rows = _answers(model, self._images, self._side_px)
        for photo, image, answer in zip(self._photos, self._images, rows, strict=True):
            scale = self._side_px / max(image.shape[:2])
            found = suppressed(decode(answer, self._side_px, self._side_px, _FROM_LOGIT))
            found = found.scaled(1 / scale, 1 / scale)
            result = matched(found, photo.labels, scale, _SMALLEST_PX)
            tables.append(result.outcomes)
            faces += result.faces
        return average_precision(np.concatenate(tables), faces)


def highest_scores(
    model: keras.Model, images: Sequence[Image], side_px: int
) -> NDArray[np.float32]:
    """The best score (n,) that any cell of each picture gets, 0..1."""
    best = np.array([rows[:, 0].max() for rows in _answers(model, images, side_px)], np.float32)
    return np.asarray(1 / (1 + np.exp(-best)), np.float32)


def _answers(
    model: keras.Model, images: Sequence[Image], side_px: int
) -> list[NDArray[np.float32]]:
    rows: list[NDArray[np.float32]] = []
    for start in range(0, len(images), _BATCH):
        batch = np.stack([_fitted(image, side_px) for image in images[start : start + _BATCH]])
        rows.extend(keras.ops.convert_to_numpy(model(batch, training=False))[..., :OUTPUTS])
    return rows


def _fitted(image: Image, side_px: int) -> NDArray[np.float32]:
    """The picture with its long side `side_px`, at the top left of a gray square."""
    scale = side_px / max(image.shape[:2])
    size = [max(1, round(side * scale)) for side in image.shape[1::-1]]
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    square = np.full((side_px, side_px, 3), 127, np.float32)
    square[: size[1], : size[0]] = cv2.resize(image, size, interpolation=how)
    return square
