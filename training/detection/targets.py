"""What each cell of the detector's maps is asked, and how wrong its answer is.

Targets are made by numpy beside the training, the loss is Keras's own, on any backend.
`utils.cells` says what a row means. Most of what is asked is what a teacher answers for the same
picture, cell by cell (dense distillation): it says "hardly" and "almost" where a label only knows
no and yes. Labels have the last word: a face that the teacher missed belongs to the cells at its
middle; where no face can be, the teacher's alarms count for nothing.

The score is taught by the quality focal loss (arXiv 2006.04388): a cell at the middle of a face
that only a label knows is to say how well its box will overlap the face's. Boxes by distance-IoU
(arXiv 1911.08287).
"""

from __future__ import annotations

from itertools import pairwise

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from training.detection.labels import Labels
from utils.cells import LOG_SIZE, OUTPUTS, STRIDES, UNIT, centres, decode_all, overlap

Floats = NDArray[np.float32]

# Sides of faces, in strides, that a map answers for; those of two maps overlap by a half.
_FROM, _UP_TO = 2.4, 7.5
_DOUBT = 1.25  # a face this factor outside of the range may be found as well, or not
_LANDMARK_WEIGHT, _BOX_WEIGHT, _HINT_WEIGHT = 0.5, 2.0, 3.0
# A teacher's cell with this score tells where a face is; the best one of a true face is worth more.
_TAUGHT_FROM, _TRUE_AT_LEAST = 0.3, 0.8
_SAME_FACE = 0.4
# Columns of a target row: whether the score is asked, what it should be (or _BY_OVERLAP), the box's
# corners and how much they count, the landmarks and how much they count.
_ASKED, _SCORE, _BOX, _BOX_COUNTS = 0, 1, slice(2, 6), 6
_POINTS, _POINTS_COUNT = slice(7, 17), 17
TARGETS = 18
_BY_OVERLAP = -1.0


def assign(labels: Labels, side_px: int, taught: Floats | None = None) -> Floats:
    """Targets (cells, 18) float32 for a square picture of `side_px`.

    `taught` (cells, 15) is a teacher's answer. A face that it does not know belongs to the cells at
    its middle: the nearest one, or all within three tenths of its side, at most 1.5 strides. Of two
    such faces that claim a cell the smaller one has it.
    """
    points, strides = centres(side_px, side_px)
    targets = np.zeros((len(points), TARGETS), np.float32)
    targets[:, _ASKED] = 1
    unknown = np.arange(len(labels.boxes))
    if taught is not None:
        unknown = _follow(targets, taught, labels, side_px)
    else:
        for box in labels.doubtful:
            targets[_inside(points, box, strides), _ASKED] = 0
    sizes = np.sqrt(np.prod(labels.boxes[:, 2:] - labels.boxes[:, :2], axis=1))
    for i in unknown[np.argsort(-sizes[unknown])]:
        box, size = labels.boxes[i], sizes[i]
        away = np.abs(points - (box[:2] + box[2:]) / 2).max(1)
        middle = away <= np.maximum(strides / 2, np.minimum(1.5 * strides, 0.3 * size))
        low = np.where(strides == STRIDES[0], 0, _FROM * strides)
        high = np.where(strides == STRIDES[-1], np.inf, _UP_TO * strides)
        doubt = (size >= low / _DOUBT) & (size < high * _DOUBT)
        mine = middle & (size >= low) & (size < high)
        targets[middle & doubt & ~mine, _ASKED] = 0
        known = bool(np.isfinite(labels.landmarks[i]).all())
        targets[mine, _ASKED] = 1
        targets[mine, _SCORE] = _BY_OVERLAP
        targets[mine, _BOX] = box
        targets[mine, _BOX_COUNTS] = 1
        targets[mine, _POINTS] = labels.landmarks[i].ravel() if known else 0
        targets[mine, _POINTS_COUNT] = known
    return targets


def _follow(
    targets: Floats, taught: Floats, labels: Labels, side_px: int
) -> NDArray[np.signedinteger]:
    """Fill in what the teacher says; returns the rows of the labels that it does not know."""
    said = decode_all(taught, side_px, side_px)
    scores = 1 / (1 + np.exp(-said.scores))
    telling = np.flatnonzero(scores >= _TAUGHT_FROM)
    same = overlap(labels.boxes, said.boxes[telling]) >= _SAME_FACE
    if labels.complete:
        nothing = np.ones(len(scores), np.bool_)
        unsure = overlap(labels.doubtful, said.boxes[telling]) >= _SAME_FACE
        nothing[telling[same.any(0) | unsure.any(0)]] = False
        scores[nothing] = 0
    targets[:, _SCORE] = scores
    targets[telling, _BOX] = said.boxes[telling]
    targets[telling, _POINTS] = said.landmarks[telling].reshape(-1, 10)
    for i in np.flatnonzero(same.any(1)):
        mine = telling[same[i]]
        best = float(scores[mine].max())
        targets[mine, _SCORE] = scores[mine] * max(1.0, _TRUE_AT_LEAST / best)
        targets[mine, _BOX] = labels.boxes[i]
    for column in (_BOX_COUNTS, _POINTS_COUNT):
        targets[telling, column] = targets[telling, _SCORE]
    return np.flatnonzero(~same.any(1))


def _inside(points: Floats, box: Floats, strides: Floats) -> NDArray[np.bool_]:
    """Cells whose centre lies in the box, or which the box's centre lies in."""
    within = ((points >= box[:2]) & (points <= box[2:])).all(1)
    nearest = np.abs(points - (box[:2] + box[2:]) / 2).max(1) <= strides / 2
    return np.asarray(within | nearest)


class DetectionLoss(keras.losses.Loss):  # type: ignore[misc]
    """Score, boxes and landmarks of square pictures of `side_px`, a face's cell counting one.

    Columns of the targets after the 18th are what a teacher sees in each cell; the network's own
    columns after the 15th are to vary with them (Pearson's correlation, arXiv 2207.02039).
    """

    def __init__(self, side_px: int) -> None:
        super().__init__(name="detection", reduction="sum")
        self._maps = np.cumsum([0, *((side_px // stride) ** 2 for stride in STRIDES)]).tolist()
        points, strides = centres(side_px, side_px)
        self._points, self._unit = points[None], UNIT * strides[None, :, None]

    def call(self, y_true: keras.KerasTensor, y_pred: keras.KerasTensor) -> keras.KerasTensor:
        """The loss () of targets (n, cells, 18 + k) and answers (n, cells, 15 + k)."""
        y_pred = ops.cast(y_pred, "float32")
        cells, unit = (ops.convert_to_tensor(part) for part in (self._points, self._unit))
        box_counts, wanted = y_true[..., _BOX_COUNTS], y_true[..., _SCORE]
        faces = ops.maximum(ops.sum(box_counts), 1.0)
        centre = cells + y_pred[..., 1:3] * unit
        half = ops.exp(ops.clip(y_pred[..., 3:5], *LOG_SIZE)) * unit / 2
        overlap, distance = overlaps(centre - half, centre + half, y_true[..., _BOX])
        quality = ops.where(wanted < 0, ops.stop_gradient(overlap), wanted)
        logit = y_pred[..., 0]
        entropy = ops.maximum(logit, 0.0) - logit * quality + ops.log1p(ops.exp(-ops.abs(logit)))
        off = ops.square(quality - ops.sigmoid(logit))
        scores = ops.sum(y_true[..., _ASKED] * off * entropy)
        boxes = ops.sum(box_counts * (1 - overlap + distance))
        points = ops.reshape(y_pred[..., 5:OUTPUTS], (*ops.shape(wanted), 5, 2)) * unit[..., None]
        points = points + cells[..., None, :]
        truth = ops.reshape(y_true[..., _POINTS], ops.shape(points))
        # A share of the face's side, so that large and small faces count alike.
        low, high = y_true[..., _BOX][..., :2], y_true[..., _BOX][..., 2:]
        side = ops.sqrt(ops.prod(ops.maximum(high - low, 1.0), axis=-1))
        away = ops.abs(points - truth) / side[..., None, None] * 25
        smooth = ops.where(away < 1, 0.5 * away * away, away - 0.5)
        landmarks = ops.sum(y_true[..., _POINTS_COUNT] * ops.mean(smooth, axis=(-1, -2)))
        total = (scores + _BOX_WEIGHT * boxes + _LANDMARK_WEIGHT * landmarks) / faces
        if y_pred.shape[-1] > OUTPUTS:
            total += _HINT_WEIGHT * self._unlike(y_true[..., TARGETS:], y_pred[..., OUTPUTS:])
        return total

    def _unlike(self, seen: keras.KerasTensor, said: keras.KerasTensor) -> keras.KerasTensor:
        """One minus the mean correlation of each channel of each map."""
        alike = [
            ops.mean(_standard(seen[:, start:end]) * _standard(said[:, start:end]))
            for start, end in pairwise(self._maps)
        ]
        return 1 - sum(alike) / len(alike)


def _standard(values: keras.KerasTensor) -> keras.KerasTensor:
    """Each channel of (n, cells, k) with mean 0 and variance 1; a silent one stays 0."""
    mean, variance = ops.moments(values, (0, 1), keepdims=True)
    return (values - mean) * ops.rsqrt(variance + 1e-4)


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
