"""OpenCV's Haar cascade, as the older systems used it: what the network is compared with.

The cascade is Viola & Jones' (2001) as trained by Lienhart and shipped with OpenCV.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from utils.cells import Found
from utils.preprocessor import resized

_SCALE_STEP, _MIN_NEIGHBOURS = 1.1, 5
_MIN_FACE_PX = 24


class Haar:
    """Finds frontal faces; `long_side_px` 0 looks at the picture in its full size."""

    def __init__(self, long_side_px: int = 0) -> None:
        path = Path(cv2.__file__).parent / "data" / "haarcascade_frontalface_default.xml"
        self._cascade, self._long_side_px = cv2.CascadeClassifier(str(path)), long_side_px

    def find(self, image_rgb: NDArray[np.uint8]) -> Found:
        """Faces of RGB uint8 (h, w, 3); the scores are sums of the cascade's last stage."""
        height, width = image_rgb.shape[:2]
        scale = min(1.0, self._long_side_px / max(width, height)) if self._long_side_px else 1.0
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        gray = cv2.cvtColor(resized(image_rgb, size), cv2.COLOR_RGB2GRAY)
        boxes, _, sums = self._cascade.detectMultiScale3(
            cv2.equalizeHist(gray),
            scaleFactor=_SCALE_STEP,
            minNeighbors=_MIN_NEIGHBOURS,
            minSize=(_MIN_FACE_PX, _MIN_FACE_PX),
            outputRejectLevels=True,
        )
        xywh = np.asarray(boxes, np.float32).reshape(-1, 4)
        xyxy = np.concatenate([xywh[:, :2], xywh[:, :2] + xywh[:, 2:]], 1)
        scores = np.asarray(sums, np.float32).reshape(-1)
        found = Found(xyxy, scores, np.full((len(xyxy), 5, 2), np.nan, np.float32))
        return found.scaled(width / size[0], height / size[1])
