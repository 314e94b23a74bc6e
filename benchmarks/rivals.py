"""The detectors that are compared: ours as it is served and at fixed sizes, and what it replaces.

Every one is a function from a picture to boxes with scores, and the score from which its boxes are
served.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.haar import Haar
from training.detection.teacher import FILE, Teacher
from utils.cells import Found
from utils.detector import Detector
from utils.manifest import Manifest

Image = NDArray[np.uint8]

_OURS = {"ours": None, "ours_320": 320, "ours_480": 480, "ours_640": 640}
_FROM_LOGIT, _FROM_SCORE = -3.0, 0.05  # low enough for the whole curve of precision and recall
_TEACHERS_THRESHOLD = 0.5
_EVERYTHING = -np.inf


@dataclass(frozen=True)
class Rival:
    """A detector; `find` answers in pixels of the picture, best score first."""

    find: Callable[[Image], Found]
    served_from: float

    def served(self, image_rgb: Image) -> Found:
        """What its users would be told."""
        found = self.find(image_rgb)
        return found[found.scores >= self.served_from]


def rivals(data: Path | None) -> dict[str, Rival]:
    """All of them; YuNet where its file lies in `data`. Raises `ModelError`."""
    manifest = Manifest.load()
    found = {}
    for name, px in _OURS.items():
        detector = Detector(manifest, px=px)
        found[name] = Rival(partial(detector.found, from_logit=_FROM_LOGIT), detector.served_from)
    found["haar_full"] = Rival(Haar().find, _EVERYTHING)
    found["haar_640"] = Rival(Haar(640).find, _EVERYTHING)
    if data is not None and (data / FILE).is_file():
        teacher = Teacher(data)
        for px in (320, 640):
            found[f"teacher_{px}"] = Rival(partial(_ask, teacher, px), _TEACHERS_THRESHOLD)
    return found


def _ask(teacher: Teacher, px: int, image_rgb: Image) -> Found:
    return teacher.find(image_rgb, min(1.0, px / max(image_rgb.shape[:2])), _FROM_SCORE)
