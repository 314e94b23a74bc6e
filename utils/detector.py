"""Where the faces are, and their eyes, nose and mouth: our own network on a small copy.

Most pictures are looked at once, 320 pixels wide or high. A face that is smaller there than the
network can see is found in a second look at up to twice the size, which large pictures get where
the first one found nothing, or a small face: where one face is small there are others.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from utils.cells import (
    MIDDLE_GRAY,
    OUTPUTS,
    STRIDES,
    Found,
    centres,
    decode,
    joined,
    suppressed,
)
from utils.errors import ModelError
from utils.faces import Box, Landmarks
from utils.manifest import DetectorNetwork, Manifest
from utils.preprocessor import resized
from utils.sessions import opened, tried

Image = NDArray[np.uint8]
FIRST_PX, SECOND_PX = 320, 640
# In FairFace's pictures, 112 wide and little larger than a face, more is found when enlarged.
_LEAST_PX = 192
# A second look is worth its time where the smallest face is below this, by training/EXPERIMENTS.md.
_SEEN_WELL_PX, _LEAST_CLOSER = 28, 1.25
_MIN_CONFIDENCE = 0.5
_MOST_SPARE = 16


@dataclass(frozen=True)
class Detection:
    """A bounding box in whole pixels of the picture, inside it, and its confidence 0..1.

    `landmarks` are x and y of the eye on the left of the picture, the right one, the nose and the
    corners of the mouth; they may lie outside of a picture that cuts the face.
    """

    box_xyxy: Box
    confidence: float
    landmarks: Landmarks = ()


class Detector:
    """Finds faces; may be called from several threads at once.

    `px` is the long side in which every picture is looked at, None for the two looks described
    above. Raises `ModelError` where the weights are missing, altered or no detector's.
    """

    def __init__(self, manifest: Manifest, *, px: int | None = None) -> None:
        weights, self._network = manifest.read_detector()
        self._px = px
        self._session = opened(weights, self._network.file)
        self._input = self._session.get_inputs()[0].name
        self._try()

    @property
    def served_from(self) -> float:
        """The logit of the score from which `detect` takes a box for a face."""
        return self._network.logit_of(_MIN_CONFIDENCE)

    def detect(self, image_rgb: Image) -> list[Detection]:
        """The faces of an RGB uint8 picture (h, w, 3), largest first.

        Of boxes as doubtful as the last of them half are faces.
        """
        height, width = image_rgb.shape[:2]
        found = self.found(image_rgb, self.served_from)
        faces = _faces(found, self._network, (width, height))
        faces.sort(key=lambda face: _area(face.box_xyxy), reverse=True)
        return faces

    def found(self, image_rgb: Image, from_logit: float) -> Found:
        """All boxes with at least this score's logit, best first, in pixels of the picture."""
        px = self._px or FIRST_PX
        # Both looks are at one small copy, so that the picture is read once.
        height, width = image_rgb.shape[:2]
        size_wh = _size((height, width), max(px, SECOND_PX))
        copy = image_rgb if size_wh[0] > width else resized(image_rgb, size_wh)
        found = self._look(copy, px, from_logit)
        if self._px is None:
            closer = _closer_px(found[found.scores >= self.served_from], copy.shape[:2])
            if closer:
                found = self._both(found, self._look(copy, closer, from_logit))
        elif px > FIRST_PX:
            # What fills the picture is larger than the network can see in there.
            found = self._both(found, self._look(copy, FIRST_PX, from_logit))
        return found.scaled(width / copy.shape[1], height / copy.shape[0])

    @staticmethod
    def _both(one: Found, other: Found) -> Found:
        return suppressed(joined([one, other]))

    def _look(self, image_rgb: Image, px: int, from_logit: float) -> Found:
        """Faces in pixels of the picture, its long side shrunk to `px` where it is longer.

        A picture longer than 2:1 is shrunk less, as its short side leaves pixels to spare; one that
        is hardly larger than a face is enlarged.
        """
        height, width = image_rgb.shape[:2]
        small = resized(image_rgb, _size((height, width), px))
        batch = _batch(small)
        rows = self._session.run(None, {self._input: batch})[0][0].T
        found = suppressed(decode(rows, batch.shape[2], batch.shape[3], from_logit))
        return found.scaled(width / small.shape[1], height / small.shape[0])

    def _try(self) -> None:
        """A trial run on noise: the right number of cells, all of them numbers."""
        side = 2 * STRIDES[-1]
        noise = np.random.default_rng(0).integers(0, 256, (side, side, 3), np.uint8)
        feed = {self._input: _batch(noise)}
        rows = tried(lambda: self._session.run(None, feed)[0], self._network.file)
        wanted = (1, OUTPUTS, len(centres(side, side)[0]))
        if rows.shape != wanted:
            raise ModelError(
                f"{self._network.file} answers {rows.shape} where a detector answers {wanted}"
            )
        if not np.isfinite(rows).all():
            raise ModelError(f"{self._network.file} answers with what is no number")


def _scale(shape: tuple[int, int], px: int) -> float:
    """What a look at `px` shrinks a picture (h, w, ...) by, or enlarges it by."""
    long_side = max(shape)
    spare = min(max(1.0, long_side / min(shape) / 2), _MOST_SPARE)
    return min(max(1.0, _LEAST_PX / long_side), px * math.sqrt(spare) / long_side)


def _size(shape: tuple[int, int], px: int) -> tuple[int, int]:
    """Width and height of the copy of a picture (h, w) that a look at `px` sees."""
    scale = _scale(shape, px)
    return max(1, round(shape[1] * scale)), max(1, round(shape[0] * scale))


def _batch(image_rgb: Image) -> NDArray[np.float32]:
    """What the network reads of a picture: (1, 3, h, w), gray up to the next multiples of 32."""
    height, width = image_rgb.shape[:2]
    padded = [-(-side // STRIDES[-1]) * STRIDES[-1] for side in (height, width)]
    batch = np.zeros((1, 3, *padded), np.float32)
    for channel, plane in zip(batch[0], cv2.split(image_rgb), strict=True):
        np.subtract(plane, np.float32(MIDDLE_GRAY), out=channel[:height, :width])
    return batch


def _closer_px(found: Found, shape: tuple[int, int]) -> int:
    """The long side in which the smallest face of the first look is seen well; 0: it is already."""
    scale = _scale(shape, FIRST_PX)
    if scale >= 1:
        return 0
    if not len(found):
        return SECOND_PX
    smallest = float((found.boxes[:, 2:] - found.boxes[:, :2]).max(1).min()) * scale
    px = round(FIRST_PX * _SEEN_WELL_PX / smallest / STRIDES[-1]) * STRIDES[-1]
    return min(px, SECOND_PX) if px >= _LEAST_CLOSER * FIRST_PX else 0


def _faces(found: Found, network: DetectorNetwork, size_wh: tuple[int, int]) -> list[Detection]:
    return [
        Detection(
            _clamped(box, size_wh),
            network.confidence(float(score)),
            tuple((float(x), float(y)) for x, y in points),
        )
        for box, score, points in zip(found.boxes, found.scores, found.landmarks, strict=True)
        if _touches(box, size_wh)
    ]


def _touches(box: NDArray[np.floating], size_wh: tuple[int, int]) -> bool:
    width, height = size_wh
    return bool(box[0] < width and box[1] < height and box[2] > 0 and box[3] > 0)


def _clamped(box: NDArray[np.floating], size_wh: tuple[int, int]) -> Box:
    """Whole pixels inside the picture, at least one wide and high."""
    width, height = size_wh
    x0, y0 = (
        min(max(0, round(float(box[0]))), width - 1),
        min(max(0, round(float(box[1]))), height - 1),
    )
    x1 = min(max(x0 + 1, round(float(box[2]))), width)
    y1 = min(max(y0 + 1, round(float(box[3]))), height)
    return x0, y0, x1, y1


def _area(box_xyxy: Box) -> int:
    return (box_xyxy[2] - box_xyxy[0]) * (box_xyxy[3] - box_xyxy[1])
