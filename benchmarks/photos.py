"""The photos that are sent: the playground's sample, once or three times, on a blurred copy."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from utils.settings import ROOT

SIZE_WH = (1280, 960)
# Left, top and side of each copy, in pixels.
_PLACES = {
    1: ((190, 30, 900),),
    3: ((10, 20, 480), (790, 20, 480), (400, 470, 480)),
}
FACES = tuple(_PLACES)


def photo(faces: int = 1) -> bytes:
    """A JPEG of 1280x960 with one face or three."""
    sample = cv2.imread(str(ROOT / "playground" / "static" / "sample.jpg"))
    if sample is None:
        raise SystemExit("playground/static/sample.jpg is missing")
    canvas: NDArray[np.generic] = cv2.GaussianBlur(cv2.resize(sample, SIZE_WH), (0, 0), 25)
    for left, top, side in _PLACES[faces]:
        canvas[top : top + side, left : left + side] = cv2.resize(sample, (side, side))
    return bytes(cv2.imencode(".jpg", canvas, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes())
