"""What each cell of the detector's maps is asked, and how wrong its answer is.

Targets are made by numpy beside the training (which cells a face belongs to depends on where it
lies alone), the loss is Keras's own, on any backend. `utils.cells` says what a row means.

The score is taught by the quality focal loss (arXiv 2006.04388): a cell at the middle of a face is
to say how well its box will overlap the face's. Boxes by distance-IoU (arXiv 1911.08287).
"""

from __future__ import annotations

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from training.detection.labels import Labels
from utils.cells import STRIDES, UNIT, centres

Floats = NDArray[np.float32]

# Sides of faces, in strides, that a map answers for; those of two maps overlap by a half.
_FROM, _UP_TO = 2.4, 7.5
_DOUBT = 1.25  # a face this factor outside of the range may be found as well, or not
_LANDMARK_WEIGHT, _BOX_WEIGHT = 0.5, 2.0
# Columns of a target row: state, the box's corners, the landmarks, their weight.
_STATE, _BOX, _POINTS, _POINTS_KNOWN = 0, slice(1, 5), slice(5, 15), 15
TARGETS = 16
_FACE, _NOTHING, _NEVER_MIND = 1.0, 0.0, -1.0


def assign(labels: Labels, side_px: int) -> Floats:
    """Targets (cells, 16) float32 for a square picture of `side_px`.

    A face belongs to the cells at its middle: the nearest one, or all within three tenths of its
    side, at most 1.5 strides. Of two faces that claim a cell the smaller one has it.
    """
    points, strides = centres(side_px, side_px)
    targets = np.zeros((len(points), TARGETS), np.float32)
    for box in labels.doubtful:
        targets[_inside(points, box, strides), _STATE] = _NEVER_MIND
    sizes = np.sqrt(np.prod(labels.boxes[:, 2:] - labels.boxes[:, :2], axis=1))
    for i in np.argsort(-sizes):
        box, size = labels.boxes[i], sizes[i]
        away = np.abs(points - (box[:2] + box[2:]) / 2).max(1)
        middle = away <= np.maximum(strides / 2, np.minimum(1.5 * strides, 0.3 * size))
        low = np.where(strides == STRIDES[0], 0, _FROM * strides)
        high = np.where(strides == STRIDES[-1], np.inf, _UP_TO * strides)
        doubt = (size >= low / _DOUBT) & (size < high * _DOUBT)
        mine = middle & (size >= low) & (size < high)
        targets[_inside(points, box, strides) & doubt & ~mine & middle, _STATE] = _NEVER_MIND
        targets[mine, _STATE] = _FACE
        targets[mine, _BOX] = box
        known = np.isfinite(labels.landmarks[i]).all()
        targets[mine, _POINTS_KNOWN] = known
        targets[mine, _POINTS] = labels.landmarks[i].ravel() if known else 0
    return targets


def _inside(points: Floats, box: Floats, strides: Floats) -> NDArray[np.bool_]:
    """Cells whose centre lies in the box, or which the box's centre lies in."""
    within = ((points >= box[:2]) & (points <= box[2:])).all(1)
    nearest = np.abs(points - (box[:2] + box[2:]) / 2).max(1) <= strides / 2
    return np.asarray(within | nearest)


class DetectionLoss(keras.losses.Loss):  # type: ignore[misc]
    """Score, boxes and landmarks of square pictures of `side_px`, a face's cell counting one."""

    def __init__(self, side_px: int) -> None:
        super().__init__(name="detection", reduction="sum")
        points, strides = centres(side_px, side_px)
        self._points, self._unit = points[None], UNIT * strides[None, :, None]

    def call(self, y_true: keras.KerasTensor, y_pred: keras.KerasTensor) -> keras.KerasTensor:
        """The loss of a batch (), from targets (n, cells, 16) and answers (n, cells, 15)."""
        y_pred = ops.cast(y_pred, "float32")
        state = y_true[..., _STATE]
        face = ops.cast(state == _FACE, "float32")
        faces = ops.maximum(ops.sum(face), 1.0)
        cells, unit = (ops.convert_to_tensor(part) for part in (self._points, self._unit))
        centre = cells + y_pred[..., 1:3] * unit
        half = ops.exp(ops.clip(y_pred[..., 3:5], -6.0, 4.0)) * unit / 2
        overlap, distance = overlaps(centre - half, centre + half, y_true[..., _BOX])
        quality = ops.stop_gradient(overlap) * face
        score = ops.sigmoid(y_pred[..., 0])
        entropy = ops.maximum(y_pred[..., 0], 0.0) - y_pred[..., 0] * quality
        entropy = entropy + ops.log1p(ops.exp(-ops.abs(y_pred[..., 0])))
        asked = ops.cast(state != _NEVER_MIND, "float32")
        scores = ops.sum(asked * ops.square(quality - score) * entropy)
        boxes = ops.sum(face * (1 - overlap + distance))
        points = ops.reshape(y_pred[..., 5:], (*ops.shape(face), 5, 2)) * unit[..., None]
        points = points + cells[..., None, :]
        truth = ops.reshape(y_true[..., _POINTS], ops.shape(points))
        # A share of the face's side, so that large and small faces count alike.
        side = ops.sqrt(ops.prod(ops.maximum(y_true[..., 3:5] - y_true[..., 1:3], 1.0), axis=-1))
        off = ops.abs(points - truth) / side[..., None, None] * 10
        smooth = ops.where(off < 1, 0.5 * off * off, off - 0.5)
        known = face * y_true[..., _POINTS_KNOWN]
        landmarks = ops.sum(known * ops.mean(smooth, axis=(-1, -2)))
        return (scores + _BOX_WEIGHT * boxes + _LANDMARK_WEIGHT * landmarks) / faces


def overlaps(
    low: keras.KerasTensor, high: keras.KerasTensor, truth: keras.KerasTensor
) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """IoU (...) of boxes with the true ones, and the distance term of DIoU (...), 0..1."""
    true_low, true_high = truth[..., :2], truth[..., 2:]
    shared = ops.maximum(ops.minimum(high, true_high) - ops.maximum(low, true_low), 0.0)
    inner = ops.prod(shared, axis=-1)
    total = ops.prod(high - low, axis=-1) + ops.prod(true_high - true_low, axis=-1) - inner
    around = ops.maximum(high, true_high) - ops.minimum(low, true_low)
    apart = (low + high - true_low - true_high) / 2
    diagonal = ops.sum(ops.square(around), axis=-1)
    return inner / ops.maximum(total, 1e-6), ops.sum(ops.square(apart), -1) / (diagonal + 1e-6)
