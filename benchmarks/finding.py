"""Which faces of photographs a detector finds: by size, tilt and mask, and what it invents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from benchmarks.rivals import Image, Rival
from training.detection.labels import Labels
from training.detection.measures import Matched, average_precision, matched
from training.detection.photos import Photo
from utils.cells import Found, overlap

_SIDE_PX, _SMALLEST_PX = 640, 24.0
# Sides of faces where the picture's long side is 640; huge: two fifths of its height.
_SMALL_PX, _LARGE_PX, _HUGE = 48.0, 128.0, 0.4
_TILTED_DEG, _EYES_APART = 20.0, 0.25
_SELFIE_PX, _SELFIE_SHARES, _SELFIE_FROM_PX = 320, (0.4, 0.6, 0.8, 1.0), 48


@dataclass(frozen=True)
class Outcome:
    """What a detector made of one photograph."""

    photo: Photo
    size_wh: tuple[int, int]
    found: Found
    result: Matched

    @property
    def scale(self) -> float:
        """Of the picture whose long side is 640."""
        return _SIDE_PX / max(self.size_wh)


def accuracy(rival: Rival, photos: Sequence[Photo], words: str) -> dict[str, float]:
    """Recall, precision, AP, false alarms and the distance of landmarks."""
    outcomes = [_outcome(rival, photo) for photo in tqdm(photos, words, leave=False, disable=None)]
    boxes = np.concatenate([outcome.result.outcomes for outcome in outcomes])
    faces = sum(outcome.result.faces for outcome in outcomes)
    served = boxes[boxes[:, 0] >= rival.served_from]
    return {
        **average_precision(boxes, faces),
        "precision": _mean(served[:, 1]),
        "served_recall": float(served[:, 1].sum() / max(1, faces)),
        "faces": float(faces),
        **_false_alarms(rival, outcomes),
        **_by_kind(rival, outcomes),
        "landmark_error": _landmark_error(rival, outcomes),
    }


def selfies(rival: Rival, photos: Sequence[Photo]) -> float:
    """The share found of faces that fill 40 to 100 % of a picture's height.

    The pictures are cut from the photographs around their larger faces.
    """
    hits = []
    for photo in photos:
        image = photo.image_rgb()
        for box in photo.labels.boxes:
            if box[3] - box[1] >= _SELFIE_FROM_PX:
                for share in _SELFIE_SHARES:
                    view, truth = _view(image, box, share)
                    same = overlap(rival.served(view).boxes, truth[None])
                    hits.append(float((same >= 0.5).any()))
    return _mean(np.array(hits))


def _view(
    image: Image, box: NDArray[np.float32], share: float
) -> tuple[Image, NDArray[np.float32]]:
    """A square picture around a face that takes this share of its height, and the face's box."""
    side = float(box[3] - box[1]) / share
    corner = (box[:2] + box[2:]) / 2 - side / 2
    scale = _SELFIE_PX / side
    matrix = np.array([[scale, 0, -corner[0] * scale], [0, scale, -corner[1] * scale]])
    view = cv2.warpAffine(image, matrix, (_SELFIE_PX,) * 2, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(view, np.uint8), (box - np.tile(corner, 2)) * scale


def _outcome(rival: Rival, photo: Photo) -> Outcome:
    image = photo.image_rgb()
    found = rival.find(image)
    height, width = image.shape[:2]
    result = matched(found, photo.labels, _SIDE_PX / max(height, width), _SMALLEST_PX)
    return Outcome(photo, (width, height), found, result)


def _false_alarms(rival: Rival, outcomes: Sequence[Outcome]) -> dict[str, float]:
    empty = [outcome for outcome in outcomes if _is_empty(outcome.photo.labels)]
    alarms = [(outcome.found.scores >= rival.served_from).sum() for outcome in empty]
    return {
        "false_alarms_per_photo": _mean(np.array(alarms)),
        "photos_without_faces": float(len(empty)),
    }


def _is_empty(labels: Labels) -> bool:
    return not len(labels.boxes) and not len(labels.doubtful)


def _by_kind(rival: Rival, outcomes: Sequence[Outcome]) -> dict[str, float]:
    """Recall of served boxes, and the number of faces, of each kind."""
    rows = np.array([row for outcome in outcomes for row in _rows(rival, outcome)]).reshape(-1, 6)
    hit, size, share, masked, tilt, by_people = rows.T
    asked = size >= _SMALLEST_PX
    kinds = {
        "16_to_24": (size >= 16) & ~asked,
        "small": asked & (size < _SMALL_PX),
        "medium": (size >= _SMALL_PX) & (size < _LARGE_PX),
        "large": (size >= _LARGE_PX) & (share < _HUGE),
        "huge": share >= _HUGE,
        "masked": asked & (masked == 1),
        "bare": asked & (masked == 0) & (by_people == 1),
        "tilted": asked & (tilt >= _TILTED_DEG),
        "drawn_by_people": asked & (by_people == 1),
    }
    return {
        **{f"recall_{kind}": _mean(hit[rows]) for kind, rows in kinds.items()},
        **{f"n_{kind}": float(rows.sum()) for kind, rows in kinds.items()},
    }


def _rows(rival: Rival, outcome: Outcome) -> list[tuple[float, ...]]:
    """A face a row: found, side at 640, share of the height, masked, tilt, drawn by people."""
    labels, photo = outcome.photo.labels, outcome.photo
    rows: list[tuple[float, ...]] = []
    for i, hit in enumerate(outcome.result.hit_by):
        width, height = labels.boxes[i, 2:] - labels.boxes[i, :2]
        across = labels.landmarks[i, 1] - labels.landmarks[i, 0]
        tilt = abs(float(np.degrees(np.arctan2(across[1], across[0]))))
        rows.append(
            (
                float(hit >= 0 and outcome.found.scores[hit] >= rival.served_from),
                float(np.sqrt(width * height)) * outcome.scale,
                float(height) / outcome.size_wh[1],
                float(photo.masked[i]) if photo.drawn_by_people else 0.0,
                tilt,
                float(photo.drawn_by_people),
            )
        )
    return rows


def _landmark_error(rival: Rival, outcomes: Sequence[Outcome]) -> float:
    """Mean distance to the teacher's landmarks, as a share of its distance of the eyes.

    Of faces from the front: in a profile one eye lies before the other, and a share of nothing is
    no measure.
    """
    errors = []
    for outcome in outcomes:
        for i, hit in enumerate(outcome.result.hit_by):
            truth = outcome.photo.labels.landmarks[i]
            box = outcome.photo.labels.boxes[i]
            eyes = float(np.hypot(*(truth[1] - truth[0])))
            from_front = eyes >= _EYES_APART * float(np.sqrt(np.prod(box[2:] - box[:2])))
            if hit >= 0 and outcome.found.scores[hit] >= rival.served_from and from_front:
                off = np.hypot(*(outcome.found.landmarks[hit] - truth).T)
                errors.append(float(off.mean()) / eyes)
    return _mean(np.array(errors))


def _mean(values: NDArray[np.generic]) -> float:
    return float(values.mean()) if len(values) else float("nan")
