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
    """A detector; both functions answer in pixels of the picture, best score first.

    `find` tells the unlikely boxes as well, `serve` is what is run for users, and timed.
    """

    find: Callable[[Image], Found]
    served_from: float
    serve: Callable[[Image], object]

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
        every = partial(detector.found, from_logit=_FROM_LOGIT)
        found[name] = Rival(every, detector.served_from, detector.detect)
    for name, haar in (("haar_full", Haar()), ("haar_640", Haar(640))):
        found[name] = Rival(haar.find, _EVERYTHING, haar.find)
    if data is not None and (data / FILE).is_file():
        teacher = Teacher(data)
        for px in (320, 640):
            every, likely = (
                partial(_ask, teacher, px, score) for score in (_FROM_SCORE, _TEACHERS_THRESHOLD)
            )
            found[f"teacher_{px}"] = Rival(every, _TEACHERS_THRESHOLD, likely)
    return found


def _ask(teacher: Teacher, px: int, from_score: float, image_rgb: Image) -> Found:
    return teacher.find(image_rgb, min(1.0, px / max(image_rgb.shape[:2])), from_score)
