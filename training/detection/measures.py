"""Which boxes found are faces, and what follows: precision, recall, average precision."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.detection.labels import Labels
from utils.cells import Found, overlap

_SAME = 0.5
_PRECISION = 0.8


@dataclass(frozen=True)
class Matched:
    """What became of a picture's boxes.

    `outcomes` (n, 2): score, and 1 for a face or 0 for a false alarm; boxes about which nobody
    can say are left out. `faces` is the number of faces asked for; `missed` their rows.
    """

    outcomes: NDArray[np.float64]
    faces: int
    hit_by: NDArray[np.int64]  # (labels,): the row of `found` that hit the face, or -1


def matched(found: Found, labels: Labels, scale: float, smallest_px: float) -> Matched:
    """Compare `found` with labels of a picture that is larger by 1 / `scale`, best score first.

    A face is hit once, by a box that overlaps it by half. Faces whose side is below `smallest_px`
    in the scaled picture are not asked for, and finding them, or doubtful ones, is no fault.
    """
    boxes, doubtful = labels.boxes * scale, labels.doubtful * scale
    asked = np.sqrt(np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)) >= smallest_px
    in_place = found.boxes * scale
    same, near = overlap(in_place, boxes), overlap(in_place, doubtful)
    hit_by = np.full(len(boxes), -1)
    outcomes = []
    for i in np.argsort(-found.scores, kind="stable"):
        free = np.where(hit_by < 0, same[i], 0) if len(boxes) else np.zeros(0)
        face = int(free.argmax()) if len(free) else -1
        if face >= 0 and free[face] >= _SAME:
            hit_by[face] = i
            if asked[face]:
                outcomes.append((float(found.scores[i]), 1.0))
        elif not _nobody_can_say(in_place[i], near[i], doubtful):
            outcomes.append((float(found.scores[i]), 0.0))
    hit_by[~asked] = np.where(hit_by[~asked] < 0, -2, hit_by[~asked])
    return Matched(np.array(outcomes, np.float64).reshape(-1, 2), int(asked.sum()), hit_by)


def average_precision(outcomes: NDArray[np.float64], faces: int) -> dict[str, float]:
    """`ap`, the area under precision over recall, and `recall` where precision is still 80 %.

    `outcomes` (n, 2) as `Matched` has them, of all pictures; `faces` is the number asked for.
    """
    order = np.argsort(-outcomes[:, 0], kind="stable")
    hits = np.cumsum(outcomes[order, 1])
    precision = hits / np.arange(1, len(hits) + 1)
    recall = hits / max(1, faces)
    # The best precision that this recall or more can have, as in PASCAL VOC since 2010.
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    steps = np.diff(recall, prepend=0.0)
    good = recall[precision >= _PRECISION]
    return {
        "ap": float((envelope * steps).sum()),
        "recall": float(good.max()) if len(good) else 0.0,
    }


def _nobody_can_say(
    box: NDArray[np.floating], near: NDArray[np.floating], doubtful: NDArray[np.floating]
) -> bool:
    """Whether the box lies on a doubtful one: half overlapping, or with its middle in it."""
    if not len(doubtful):
        return False
    middle = (box[:2] + box[2:]) / 2
    inside = ((middle >= doubtful[:, :2]) & (middle <= doubtful[:, 2:])).all(1)
    return bool((near >= _SAME).any() or inside.any())
