"""From a bounding box to what a network reads: the same function in training and in serving.

A small network is sensitive to how its face was cut and enlarged, so margin, size, colour and
interpolation are data (`CropSpec`, stored in the manifest beside the weights), never constants
of a caller.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Box = tuple[int, int, int, int]

_INTERPOLATION = {"linear": cv2.INTER_LINEAR, "cubic": cv2.INTER_CUBIC, "area": cv2.INTER_AREA}
_CHANNELS = {"gray": 1, "rgb": 3}
_MAX_SIZE_PX = 1024


@dataclass(frozen=True, kw_only=True)
class CropSpec:
    """How a face is cut for one network.

    `margin` is the share of the detector's box side added on every side, `shift_y` moves the
    square down by that share of the side; both map our detector's framing to the training
    pictures' framing.
    """

    size_px: int
    color: Literal["gray", "rgb"]
    margin: float
    shift_y: float = 0.0
    interpolation: Literal["linear", "cubic", "area"] = "linear"
    input_min: float = -1.0
    input_max: float = 1.0

    def __post_init__(self) -> None:
        low, high = self.input_min, self.input_max
        fine = {
            "size_px": isinstance(self.size_px, int) and 8 <= self.size_px <= _MAX_SIZE_PX,
            "color": self.color in _CHANNELS,
            "margin": _is_number(self.margin) and -0.4 < self.margin < 3,
            "shift_y": _is_number(self.shift_y) and -1 < self.shift_y < 1,
            "interpolation": self.interpolation in _INTERPOLATION,
            "input_min": _is_number(low),
            "input_max": _is_number(high) and (not _is_number(low) or low < high),
        }
        wrong = [f"{name} = {getattr(self, name)!r}" for name, good in fine.items() if not good]
        if wrong:
            raise ValueError(f"not a usable crop: {', '.join(wrong)}")

    @property
    def channels(self) -> int:
        """Numbers a pixel: 1 for gray, 3 for RGB."""
        return _CHANNELS[self.color]


def crop(image_rgb: Image, box_xyxy: Box, spec: CropSpec) -> Image:
    """The face as a square uint8 picture, (size, size) for gray or (size, size, 3) RGB.

    Where the square reaches over the edge of the picture, the border pixels are repeated: the
    face keeps its proportions and its place, and a face at x = 0 is as good as any other.
    """
    x0, y0, side = _square(box_xyxy, spec)
    height, width = image_rgb.shape[:2]
    left, top = max(0, -x0), max(0, -y0)
    right, bottom = max(0, x0 + side - width), max(0, y0 + side - height)
    inside = image_rgb[max(0, y0) : y0 + side, max(0, x0) : x0 + side]
    if inside.size == 0:
        raise ValueError(f"box {box_xyxy} lies outside a picture of {width}x{height}")
    if left or top or right or bottom:
        inside = cv2.copyMakeBorder(inside, top, bottom, left, right, cv2.BORDER_REPLICATE)
    return resize_square(inside, spec)


def resize_square(picture: Image, spec: CropSpec) -> Image:
    """Colour and size of `spec` for a square picture, gray (h, w) or RGB (h, w, 3), uint8.

    Shrinking goes by a whole factor with INTER_AREA first and ends with the interpolation of
    the specification: area at a fractional factor is ten times slower for the same result.
    """
    if spec.color == "gray" and picture.ndim == 3:
        picture = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    elif spec.color == "rgb" and picture.ndim == 2:
        picture = cv2.cvtColor(picture, cv2.COLOR_GRAY2RGB)
    factor = picture.shape[0] // spec.size_px
    if factor >= 2:
        part = (picture.shape[0] // factor, picture.shape[0] // factor)
        picture = cv2.resize(picture, part, interpolation=cv2.INTER_AREA)
    if picture.shape[:2] != (spec.size_px, spec.size_px):
        how = _INTERPOLATION[spec.interpolation]
        size = (spec.size_px, spec.size_px)
        picture = cv2.resize(picture, size, interpolation=how)
    return picture


def to_input(crops: Sequence[Image] | Image, spec: CropSpec) -> NDArray[np.float32]:
    """A batch (n, size, size, channels) float32 in [input_min, input_max] from uint8 crops."""
    batch = np.asarray(crops, np.float32)
    if batch.ndim == 3:
        batch = batch[..., None]
    return batch * np.float32((spec.input_max - spec.input_min) / 255) + np.float32(spec.input_min)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _square(box_xyxy: Box, spec: CropSpec) -> tuple[int, int, int]:
    """Left, top and side in pixels of the square that `spec` cuts around a box."""
    x0, y0, x1, y1 = box_xyxy
    box_side = max(x1 - x0, y1 - y0)
    side = max(1, round(box_side * (1 + 2 * spec.margin)))
    centre_x, centre_y = (x0 + x1) / 2, (y0 + y1) / 2 + spec.shift_y * box_side
    return round(centre_x - side / 2), round(centre_y - side / 2), side
