"""What the detector's network reads and writes, cell by cell, and the faces that it means.

It reads a picture (n, 3, h, w) float32, RGB 0..255 less `MIDDLE_GRAY`, sides multiples of 32, and
answers (n, 15, cells) float32: for every cell of three maps, those of the finest one first and each
row by row, whether a face has its middle there. The 15 numbers of a cell are, in this order:

    0      logit of the score
    1, 2   centre of the box, from the cell's centre, in units of 4 strides
    3, 4   width and height of the box, as the logarithm of a number of 4 strides
    5..14  five landmarks (x, y), from the cell's centre, in units of 4 strides: the eye on the
           left of the picture, the right one, nose, left and right corner of the mouth
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

STRIDES = (8, 16, 32)
OUTPUTS = 15
MIDDLE_GRAY = 127.5  # so that what a convolution finds beyond the edge, zeros, is gray
UNIT = 4.0  # strides; a typical face of a map is about as large
_MOST_CELLS = 512  # that are decoded: enough for the faces that anybody is told of
# By average precision and recall on the validation photographs (training/EXPERIMENTS.md).
_SAME, _COVERED, _ALIKE = 0.4, 0.7, 4.0
LOG_SIZE = (-6.0, 4.0)  # what is beyond is no face of a picture


@dataclass(frozen=True)
class Found:
    """Faces: `boxes` (n, 4) xyxy in pixels, `scores` (n,), `landmarks` (n, 5, 2), all float32."""

    boxes: Floats
    scores: Floats
    landmarks: Floats

    def __len__(self) -> int:
        return len(self.boxes)

    def __getitem__(self, rows: NDArray[np.integer] | NDArray[np.bool_]) -> Found:
        return Found(self.boxes[rows], self.scores[rows], self.landmarks[rows])

    def scaled(self, x: float, y: float) -> Found:
        """The same faces in a picture that is larger by these factors."""
        by = np.array([x, y], np.float32)
        return Found(self.boxes * np.tile(by, 2), self.scores, self.landmarks * by)


def joined(parts: Sequence[Found]) -> Found:
    """The faces of all `parts`, one after the other."""
    return Found(
        np.concatenate([part.boxes for part in parts]),
        np.concatenate([part.scores for part in parts]),
        np.concatenate([part.landmarks for part in parts]),
    )


@lru_cache(maxsize=8)
def centres(height: int, width: int) -> tuple[Floats, Floats]:
    """Centre (cells, 2) x, y and stride (cells,) of each cell, in pixels, in the output's order."""
    points, strides = [], []
    for stride in STRIDES:
        rows, columns = np.mgrid[: height // stride, : width // stride]
        points.append((np.stack([columns.ravel(), rows.ravel()], 1) + 0.5) * stride)
        strides.append(np.full(rows.size, stride))
    return np.concatenate(points).astype(np.float32), np.concatenate(strides).astype(np.float32)


def decode(rows: Floats, height: int, width: int, from_logit: float) -> Found:
    """The faces of an answer (cells, 15) for a picture of this size, overlapping ones included.

    `scores` are logits. Rows that hold NaN are no faces.
    """
    kept = np.flatnonzero(rows[:, 0] >= from_logit)
    if len(kept) > _MOST_CELLS:
        kept = kept[np.argsort(-rows[kept, 0], kind="stable")[:_MOST_CELLS]]
    rows = rows[kept]
    finite = np.isfinite(rows).all(1)
    return _read(rows[finite], kept[finite], height, width)


def decode_all(rows: Floats, height: int, width: int) -> Found:
    """What every cell (cells, 15) says of a face at its place, likely or not."""
    return _read(rows, np.arange(len(rows)), height, width)


def _read(rows: Floats, at: NDArray[np.signedinteger], height: int, width: int) -> Found:
    """Rows (n, 15) of the cells numbered `at` (n,)."""
    points, strides = centres(height, width)
    middle, unit = points[at], UNIT * strides[at, None]
    centre = middle + rows[:, 1:3] * unit
    half = np.exp(np.clip(rows[:, 3:5], *LOG_SIZE)) * unit / 2
    landmarks = rows[:, 5:].reshape(-1, 5, 2) * unit[..., None] + middle[:, None]
    return Found(np.concatenate([centre - half, centre + half], 1), rows[:, 0], landmarks)


def overlap(a: NDArray[np.floating], b: NDArray[np.floating]) -> Floats:
    """Intersection over union (n, m) of boxes (n, 4) and (m, 4), xyxy."""
    shared = _shared(a, b)
    union = _areas(a)[:, None] + _areas(b) - shared
    return np.asarray(shared / np.maximum(union, 1e-9), np.float32)


def suppressed(found: Found) -> Found:
    """Of faces that overlap the one with the best score, best first.

    A box between two neighbours overlaps neither of them much, so one that better boxes of about
    its size cover together is dropped as well.
    """
    found = found[np.argsort(-found.scores, kind="stable")]
    same = overlap(found.boxes, found.boxes) > _SAME
    areas = np.maximum(_areas(found.boxes), 1e-9)
    ratio = areas[:, None] / areas
    alike = (ratio > 1 / _ALIKE) & (ratio < _ALIKE)
    shares = np.where(alike, _shared(found.boxes, found.boxes) / areas, 0)
    gone, covered = np.zeros(len(found), np.bool_), np.zeros(len(found))
    for i in range(len(found)):
        gone[i] |= covered[i] > _COVERED
        if not gone[i]:
            gone[i + 1 :] |= same[i, i + 1 :]
            covered += shares[i]
    return found[~gone]


def _shared(a: NDArray[np.floating], b: NDArray[np.floating]) -> NDArray[np.floating]:
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    return np.asarray(np.clip(high - low, 0, None).prod(2))


def _areas(boxes: NDArray[np.floating]) -> NDArray[np.floating]:
    return np.asarray((boxes[:, 2:] - boxes[:, :2]).prod(1))
