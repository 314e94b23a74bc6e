"""Scenes: photographs cut, turned and re-lit, with more faces pasted into them, for training.

A few hundred photographs are far too few, and none of them holds a face that fills it. So a scene
begins with a part of a photograph in which a chosen face gets a drawn size, from a few pixels to
most of the picture; then single faces are pasted (copy-paste, arXiv 2012.07177), some of them as
large as the picture, some behind masks, glasses and hats that are drawn over them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from training.detection import disguises, light
from training.detection.labels import Labels
from training.detection.photos import Photo

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]

_SMALLEST_PX, _DOUBTFUL_PX = 5.0, 8.0  # faces below are nothing to ask for, or may be left out
_LARGEST_SHARE = 1.0  # of the scene's side
_MAX_ENLARGED = 4.0
_COVERED, _CUT = 0.5, 0.35  # shares of a box that leave no face, or a doubtful one


@dataclass(frozen=True)
class Cutout:
    """A picture of one face (s, s, 3) RGB, its box (4,) and its landmarks (5, 2), NaN unknown."""

    image: Image
    box: Floats
    landmarks: Floats


@dataclass(frozen=True, kw_only=True)
class SceneSpec:
    """How scenes are drawn; shares are of 1."""

    side_px: int = 320
    paste_share: float = 0.5
    portrait_share: float = 0.2  # scenes that are one pasted face, large
    crowd_share: float = 0.12  # scenes into which many small faces are pasted
    disguise_share: float = 0.25
    tilt_share: float = 0.3
    tilt_deg: float = 40.0


class Scenes:
    """Draws scenes from photographs and cutouts; what is drawn depends on `rng` alone."""

    def __init__(self, photos: Sequence[Photo], cutouts: Sequence[Cutout], spec: SceneSpec) -> None:
        self._photos, self._cutouts, self._spec = photos, cutouts, spec
        self.weights = np.ones(len(photos))

    def draw(self, rng: np.random.Generator) -> tuple[Image, Labels]:
        """A scene (side, side, 3) RGB uint8 and its faces."""
        photo = self._photos[rng.choice(len(self._photos), p=self.weights / self.weights.sum())]
        image, labels = self._part(photo.image_rgb(), photo.labels, rng)
        for size in self._pasted_sizes(rng) if self._cutouts else []:
            labels = self._paste(image, labels, float(size), rng)
        if rng.random() < self._spec.disguise_share:
            image = disguises.drawn(image, labels, rng)
        return light.changed(image, rng), self._judged(labels)

    def _pasted_sizes(self, rng: np.random.Generator) -> Floats:
        """How large the faces are that a scene gets: one large one, some, a crowd, or none."""
        spec, kind = self._spec, rng.random()
        bounds = np.cumsum([spec.portrait_share, spec.paste_share, spec.crowd_share])
        count, low, high = (
            (1, 0.4 * spec.side_px, _LARGEST_SHARE * spec.side_px),
            (int(rng.integers(1, 5)), 9.0, 0.45 * spec.side_px),
            (int(rng.integers(8, 25)), 8.0, 40.0),
            (0, 1.0, 1.0),
        )[int(np.searchsorted(bounds, kind, side="right"))]
        return np.exp(rng.uniform(np.log(low), np.log(high), count)).astype(np.float32)

    def _part(self, image: Image, labels: Labels, rng: np.random.Generator) -> tuple[Image, Labels]:
        """A square part of a photograph, with one of its faces at a drawn size, or any part."""
        side = self._spec.side_px
        if len(labels.boxes) and rng.random() < 0.8:
            box = labels.boxes[rng.integers(len(labels.boxes))]
            size = float(np.sqrt(np.prod(box[2:] - box[:2])))
            scale = np.exp(rng.uniform(np.log(10), np.log(0.9 * side))) / max(size, 1.0)
            centre = (box[:2] + box[2:]) / 2
        else:
            scale = side / max(image.shape[:2]) * np.exp(rng.uniform(np.log(0.5), np.log(2.5)))
            centre = rng.uniform(0, 1, 2) * image.shape[1::-1]
        scale = float(np.clip(scale, 0.75 * side / max(image.shape[:2]), _MAX_ENLARGED))
        place = _free_place(np.asarray(image.shape[1::-1]), centre, scale=scale, side=side, rng=rng)
        matrix = self._matrix(centre, scale, place, rng)
        # Shrinking by more than two would alias: by whole factors with INTER_AREA first.
        factor = int(1 / scale) if scale < 0.6 else 1
        if factor > 1:
            size_wh = (max(1, image.shape[1] // factor), max(1, image.shape[0] // factor))
            ratio = np.array(size_wh) / image.shape[1::-1]
            image = cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA)
            small = matrix.copy()
            small[:, :2] = matrix[:, :2] / ratio
        else:
            small = matrix
        border = [int(value) for value in rng.integers(0, 256, 3)]
        mode = cv2.BORDER_CONSTANT if rng.random() < 0.5 else cv2.BORDER_REPLICATE
        part = cv2.warpAffine(image, small, (side, side), borderMode=mode, borderValue=border)
        return np.asarray(part, np.uint8), moved(labels, matrix)

    def _matrix(
        self,
        centre: NDArray[np.floating],
        scale: float,
        place: NDArray[np.floating],
        rng: np.random.Generator,
    ) -> NDArray[np.float64]:
        """Turns and scales around `centre`, which comes to lie at `place`; perhaps mirrors."""
        tilted = rng.random() < self._spec.tilt_share
        degrees = rng.uniform(-1, 1) * (self._spec.tilt_deg if tilted else 8.0)
        matrix = cv2.getRotationMatrix2D((float(centre[0]), float(centre[1])), degrees, scale)
        if rng.random() < 0.5:
            matrix[0] = -matrix[0]
            matrix[0, 2] += 2 * centre[0]
        matrix[:, 2] += place - centre
        return np.asarray(matrix, np.float64)

    def _paste(self, image: Image, labels: Labels, size: float, rng: np.random.Generator) -> Labels:
        """Paste one more face of `size` pixels into the scene, in place; returns all its labels."""
        side = self._spec.side_px
        cutout = self._cutouts[int(rng.integers(len(self._cutouts)))]
        picture = cutout.image
        centre = (cutout.box[:2] + cutout.box[2:]) / 2
        scale = size / float(np.sqrt(np.prod(cutout.box[2:] - cutout.box[:2])))
        # Mostly inside; the larger the face, the likelier that the frame cuts it.
        reach = max(0.5 * side - 0.45 * size, 0.12 * size)
        place = side / 2 + rng.uniform(-reach, reach, 2)
        matrix = self._matrix(centre, scale, place, rng)
        alpha = _blend(image, picture, _rim(picture.shape[0], rng), matrix)
        covered = _covered(labels.boxes, alpha) > _COVERED
        hidden = _covered(labels.doubtful, alpha) > _COVERED
        pasted = moved(
            Labels(cutout.box[None], cutout.landmarks[None], np.empty((0, 4), np.float32)), matrix
        )
        return Labels(
            np.concatenate([labels.boxes[~covered], pasted.boxes]),
            np.concatenate([labels.landmarks[~covered], pasted.landmarks]),
            labels.doubtful[~hidden],
            labels.complete,
        )

    def _judged(self, labels: Labels) -> Labels:
        """Boxes cut at the frame; faces too small or mostly cut away become doubtful or nothing."""
        side = float(self._spec.side_px)
        whole = np.prod(labels.boxes[:, 2:] - labels.boxes[:, :2], axis=1)
        boxes = np.clip(labels.boxes, 0, side)
        seen = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
        share, size = seen / np.maximum(whole, 1e-6), np.sqrt(seen)
        nothing = (share < 0.1) | (size < _SMALLEST_PX)
        doubt = ~nothing & ((share < _CUT) | (size < _DOUBTFUL_PX))
        fine = ~nothing & ~doubt
        doubtful = np.concatenate([np.clip(labels.doubtful, 0, side), boxes[doubt]])
        return Labels(boxes[fine], labels.landmarks[fine], doubtful, labels.complete)


def moved(labels: Labels, matrix: NDArray[np.float64]) -> Labels:
    """Labels after an affine change of the picture (2, 3) that keeps shapes.

    A box stands around the ellipse that fills it, so a turned face does not get a larger box than
    it needs. Where the picture was mirrored left and right landmarks change names.
    """
    mirrored = np.linalg.det(matrix[:, :2]) < 0
    points = labels.landmarks @ matrix[:, :2].T + matrix[:, 2]
    if mirrored:
        points = points[:, [1, 0, 2, 4, 3]]
    return Labels(
        _moved_boxes(labels.boxes, matrix),
        points.astype(np.float32),
        _moved_boxes(labels.doubtful, matrix),
        labels.complete,
    )


def _moved_boxes(boxes: Floats, matrix: NDArray[np.float64]) -> Floats:
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2 @ matrix[:, :2].T + matrix[:, 2]
    half = (boxes[:, 2:] - boxes[:, :2]) / 2
    reach = np.sqrt(half**2 @ (matrix[:, :2] ** 2).T)
    return np.concatenate([centre - reach, centre + reach], 1).astype(np.float32)


def _free_place(
    size_wh: NDArray[np.integer],
    centre: NDArray[np.floating],
    *,
    scale: float,
    side: int,
    rng: np.random.Generator,
) -> NDArray[np.floating]:
    """Where in the scene the photo's point `centre` goes: the photo fills the scene if it can."""
    low = side - (size_wh - centre) * scale
    high = centre * scale
    low, high = np.minimum(low, high), np.maximum(low, high)
    place = rng.uniform(low, high)
    margin = 0.05 * side if rng.random() < 0.9 else -0.05 * side
    return np.asarray(np.clip(place, margin, side - margin))


def _blend(image: Image, picture: Image, mask: Floats, matrix: NDArray[np.float64]) -> Floats:
    """Lay `picture` over `image` in place as the mask says; returns the mask as it lies there."""
    side = picture.shape[0]
    corners = (
        np.array([[0, 0], [side, 0], [0, side], [side, side]]) @ matrix[:, :2].T + matrix[:, 2]
    )
    height, width = image.shape[:2]
    x0, y0 = np.clip(np.floor(corners.min(0)), 0, (width, height)).astype(int)
    x1, y1 = np.clip(np.ceil(corners.max(0)), 0, (width, height)).astype(int)
    alpha = np.zeros((height, width), np.float32)
    if x0 >= x1 or y0 >= y1:
        return alpha
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    matrix = matrix.copy()
    matrix[:, 2] -= (x0, y0)
    if scale < 0.5:
        small = (max(1, int(side * 2 * scale)),) * 2
        picture = cv2.resize(picture, small, interpolation=cv2.INTER_AREA)
        mask = cv2.resize(mask, small, interpolation=cv2.INTER_AREA)
        matrix[:, :2] *= side / small[0]
    size_wh, how = (x1 - x0, y1 - y0), cv2.INTER_CUBIC if scale > 1 else cv2.INTER_LINEAR
    face = cv2.warpAffine(picture, matrix, size_wh, flags=how, borderMode=cv2.BORDER_REPLICATE)
    alpha[y0:y1, x0:x1] = cv2.warpAffine(mask, matrix, size_wh)
    part = image[y0:y1, x0:x1]
    part[:] = part + alpha[y0:y1, x0:x1, None] * (face.astype(np.float32) - part)
    return alpha


def _rim(side: int, rng: np.random.Generator) -> Floats:
    """How much of a cutout shows (side, side), 0..1: all of it, or an oval around the head."""
    mask = np.zeros((side, side), np.float32)
    if rng.random() < 0.4:
        edge = max(1, side // 32)
        mask[edge:-edge, edge:-edge] = 1
    else:
        axes = (int(side * rng.uniform(0.38, 0.48)), int(side * rng.uniform(0.46, 0.56)))
        cv2.ellipse(mask, (side // 2, side // 2), axes, 0, 0, 360, 1.0, -1)
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), side * rng.uniform(0.01, 0.05)), np.float32)


def _covered(boxes: Floats, alpha: Floats) -> Floats:
    """The share of each box (n,) that `alpha` (h, w) lies over."""
    shares = np.zeros(len(boxes), np.float32)
    height, width = alpha.shape
    for i, (x0, y0, x1, y1) in enumerate(boxes):
        part = alpha[
            max(0, int(y0)) : min(height, int(y1) + 1), max(0, int(x0)) : min(width, int(x1) + 1)
        ]
        shares[i] = part.mean() if part.size else 0
    return shares
