"""Where the faces are: OpenCV's Haar cascade on a small copy of the picture.

The cascade is Viola & Jones' (2001) as trained by Lienhart and shipped with OpenCV. It sees
frontal faces; a network of our own will take its place.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from utils.errors import ModelError
from utils.faces import Box

Image = NDArray[np.uint8]

_LONG_SIDE_PX = 640
_SCALE_STEP = 1.1
_MIN_NEIGHBOURS = 5
_MIN_FACE_PX = 24
_MIN_CONFIDENCE = 0.5
# Logistic regression of "is a face" on the cascade's last stage sum; `python -m training.framing`
# prints it.
CONFIDENCE_SLOPE, CONFIDENCE_OFFSET = 0.415, -0.571


@dataclass(frozen=True)
class Detection:
    """A bounding box in whole pixels of the picture, inside it, and its confidence 0..1."""

    box_xyxy: Box
    confidence: float


class Detector:
    """Finds frontal faces; may be called from several threads at once."""

    def __init__(self, *, max_faces: int = 64) -> None:
        self._max_faces = max_faces
        # A cascade keeps state while it runs, so that each caller takes one of its own.
        self._idle: deque[cv2.CascadeClassifier] = deque([self._load()])

    def detect(self, image_rgb: Image) -> list[Detection]:
        """The largest faces of RGB uint8 (h, w, 3), largest first."""
        height, width = image_rgb.shape[:2]
        scale = min(1.0, _LONG_SIDE_PX / max(width, height))
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        small = (
            image_rgb if scale == 1 else cv2.resize(image_rgb, size, interpolation=cv2.INTER_AREA)
        )
        gray = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
        boxes, sums = self._run(cv2.equalizeHist(gray))
        found = [
            Detection(
                _mapped(box, width / size[0], height / size[1], (width, height)), confidence(s)
            )
            for box, s in zip(boxes, sums, strict=True)
        ]
        found = [detection for detection in found if detection.confidence >= _MIN_CONFIDENCE]
        found.sort(key=lambda detection: _area(detection.box_xyxy), reverse=True)
        return found[: self._max_faces]

    def _run(self, gray: Image) -> tuple[list[list[int]], list[float]]:
        try:
            cascade = self._idle.pop()
        except IndexError:
            cascade = self._load()
        try:
            boxes, _, sums = cascade.detectMultiScale3(
                gray,
                scaleFactor=_SCALE_STEP,
                minNeighbors=_MIN_NEIGHBOURS,
                minSize=(_MIN_FACE_PX, _MIN_FACE_PX),
                outputRejectLevels=True,
            )
        finally:
            self._idle.append(cascade)
        return [list(map(int, box)) for box in boxes], [float(value) for value in sums]

    @staticmethod
    def _load() -> cv2.CascadeClassifier:
        path = Path(cv2.__file__).parent / "data" / "haarcascade_frontalface_default.xml"
        cascade = cv2.CascadeClassifier(str(path))
        if cascade.empty():
            raise ModelError(f"OpenCV could not read {path.name}")
        return cascade


def confidence(stage_sum: float) -> float:
    """The share of boxes with this last stage sum that are faces, 0..1."""
    return 1 / (1 + math.exp(-(CONFIDENCE_SLOPE * stage_sum + CONFIDENCE_OFFSET)))


def _mapped(box_xywh: list[int], x_scale: float, y_scale: float, size_wh: tuple[int, int]) -> Box:
    """A box of the small copy in pixels of the picture, clamped, at least one pixel wide."""
    x, y, w, h = box_xywh
    width, height = size_wh
    x0 = min(max(0, round(x * x_scale)), width - 1)
    y0 = min(max(0, round(y * y_scale)), height - 1)
    x1 = min(max(x0 + 1, round((x + w) * x_scale)), width)
    y1 = min(max(y0 + 1, round((y + h) * y_scale)), height)
    return x0, y0, x1, y1


def _area(box_xyxy: Box) -> int:
    return (box_xyxy[2] - box_xyxy[0]) * (box_xyxy[3] - box_xyxy[1])
