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
Matrix = NDArray[np.float64]
Box = tuple[int, int, int, int]
Landmarks = tuple[tuple[float, float], ...]

_INTERPOLATION = {"linear": cv2.INTER_LINEAR, "cubic": cv2.INTER_CUBIC, "area": cv2.INTER_AREA}
_CHANNELS = {"gray": 1, "rgb": 3}
_MAX_SIZE_PX = 1024
_LANDMARKS = 5
# Of the square that the box alone would give; landmarks beyond are taken for wrong. Of a face from
# the front eyes and mouth are apart (`_across`) by some 1.4 of it.
_MOST_LARGER, _MOST_AWAY, _LEAST_APART = 1.6, 0.35, 0.4


@dataclass(frozen=True, kw_only=True)
class CropSpec:
    """How a face is cut for one network.

    `margin` is the share of the detector's box side added on every side, `shift_y` moves the
    square down by that share of the side; both map our detector's framing to the training
    pictures' framing. `upright` turns that square with the face, where its landmarks are known.
    `landmarks` are the five places (x, y), in shares of the crop's side, in which the training
    pictures show eyes, nose and corners of the mouth: with them a face is turned and brought to
    that place and size, and its box does not matter.
    """

    size_px: int
    color: Literal["gray", "rgb"]
    margin: float
    shift_y: float = 0.0
    interpolation: Literal["linear", "cubic", "area"] = "linear"
    input_min: float = -1.0
    input_max: float = 1.0
    upright: bool = False
    landmarks: Landmarks = ()

    def __post_init__(self) -> None:
        # JSON has lists.
        object.__setattr__(self, "landmarks", tuple(tuple(point) for point in self.landmarks))
        low, high = self.input_min, self.input_max
        fine = {
            "size_px": isinstance(self.size_px, int) and 8 <= self.size_px <= _MAX_SIZE_PX,
            "color": self.color in _CHANNELS,
            "margin": _is_number(self.margin) and -0.4 < self.margin < 3,
            "shift_y": _is_number(self.shift_y) and -1 < self.shift_y < 1,
            "interpolation": self.interpolation in _INTERPOLATION,
            "input_min": _is_number(low),
            "input_max": _is_number(high) and (not _is_number(low) or low < high),
            "upright": isinstance(self.upright, bool),
            "landmarks": np.shape(self.landmarks) in ((0,), (_LANDMARKS, 2))
            and all(_is_number(value) for point in self.landmarks for value in point),
        }
        wrong = [f"{name} = {getattr(self, name)!r}" for name, good in fine.items() if not good]
        if wrong:
            raise ValueError(f"not a usable crop: {', '.join(wrong)}")

    @property
    def channels(self) -> int:
        """Numbers a pixel: 1 for gray, 3 for RGB."""
        return _CHANNELS[self.color]


def crop(image_rgb: Image, box_xyxy: Box, spec: CropSpec, landmarks: Landmarks = ()) -> Image:
    """The face as a square uint8 picture, (size, size) for gray or (size, size, 3) RGB.

    Turned upright by its landmarks (x and y of the eye on the left, the right one, nose, corners
    of the mouth), where `spec` asks for that and they are not far from the box.

    Where the square reaches over the edge of the picture, the border pixels are repeated: the
    face keeps its proportions and its place, and a face at x = 0 is as good as any other.
    """
    if landmarks and spec.landmarks:
        view = similarity(landmarks, spec)
        if _plausible(view, _square(box_xyxy, spec), spec.size_px):
            return _turned(image_rgb, view, spec)
    elif landmarks and spec.upright and _within(landmarks, box_xyxy):
        return _turned(image_rgb, _upright(landmarks, box_xyxy, spec), spec)
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


def similarity(landmarks: Landmarks | NDArray[np.floating], spec: CropSpec) -> Matrix:
    """The turn, scale and shift (2, 3) that bring landmarks closest to their places in a crop.

    Least squares over the five points (Umeyama 1991, without mirroring), from pixels of the
    picture to pixels of the crop.
    """
    points, places = np.asarray(landmarks, np.float64), np.asarray(spec.landmarks) * spec.size_px
    # As complex numbers: a similarity is a product and a sum.
    z, w = points @ (1, 1j), places @ (1, 1j)
    z0, w0 = z.mean(), w.mean()
    spread = float((np.abs(z - z0) ** 2).sum())
    turn = complex(((w - w0) * np.conj(z - z0)).sum()) / max(spread, 1e-9)
    shift = complex(w0 - turn * z0)
    return np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])


def _upright(landmarks: Landmarks, box_xyxy: Box, spec: CropSpec) -> Matrix:
    """The turn, scale and shift (2, 3) to a crop of the box's square, turned with the face."""
    x0, y0, x1, y1 = box_xyxy
    side = max(x1 - x0, y1 - y0)
    across = _across(landmarks)
    turn = np.conj(across) / abs(across)
    scale = spec.size_px / max(1.0, side * (1 + 2 * spec.margin))
    middle = complex(x0 + x1, y0 + y1) / 2 + spec.shift_y * side * 1j / turn
    turn *= scale
    shift = spec.size_px * (0.5 + 0.5j) - turn * middle
    return np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])


def _across(landmarks: Landmarks) -> complex:
    """To the right as the face sees its picture: from eye to eye, and a quarter off its length.

    In a profile the eyes are close to each other, but not to the mouth.
    """
    left_eye, right_eye, _, left_mouth, right_mouth = (complex(*point) for point in landmarks)
    down = left_mouth + right_mouth - left_eye - right_eye
    return right_eye - left_eye + right_mouth - left_mouth - 1j * down


def _within(landmarks: Landmarks, box_xyxy: Box) -> bool:
    """Whether landmarks lie about the box's middle, and apart from each other."""
    x0, y0, x1, y1 = box_xyxy
    side = max(x1 - x0, y1 - y0)
    away = np.abs(np.mean(landmarks, axis=0) - ((x0 + x1) / 2, (y0 + y1) / 2)).max() / side
    apart = abs(_across(landmarks)) / side
    return bool(away < _MOST_AWAY and apart > _LEAST_APART)


def _plausible(view: Matrix, square: tuple[int, int, int], size_px: int) -> bool:
    """Whether the turned cut is about as large as the plain one and lies about where it does."""
    x0, y0, side = square
    scale = float(np.hypot(view[0, 0], view[1, 0]))
    larger = scale * side / size_px
    middle = view @ (x0 + side / 2, y0 + side / 2, 1)
    away = float(np.abs(middle - size_px / 2).max()) / size_px
    return 1 / _MOST_LARGER < larger < _MOST_LARGER and away < _MOST_AWAY


def _turned(image_rgb: Image, view: Matrix, spec: CropSpec) -> Image:
    """The crop that a similarity shows, without aliasing."""
    size = spec.size_px
    scale = float(np.hypot(view[0, 0], view[1, 0]))
    factor = max(1, min(int(1 / scale), *image_rgb.shape[:2]))
    inverse = cv2.invertAffineTransform(view)
    corners = np.array([(0, 0, 1), (size, 0, 1), (0, size, 1), (size, size, 1)]) @ inverse.T
    height, width = image_rgb.shape[:2]
    # At least one block of pixels, wherever the face lies.
    last = np.maximum((width - factor, height - factor), 0)
    low = np.clip(np.floor(corners.min(0)).astype(int) - factor, 0, last)
    high = np.clip(np.ceil(corners.max(0)).astype(int) + factor, low + factor, (width, height))
    part = image_rgb[low[1] : high[1], low[0] : high[0]]
    if factor > 1:
        rows, columns = part.shape[0] // factor, part.shape[1] // factor
        whole = part[: rows * factor, : columns * factor]
        part = cv2.resize(whole, (columns, rows), interpolation=cv2.INTER_AREA)
    turn = view[:, :2] * factor
    # OpenCV counts from the middle of the first pixel, landmarks and boxes from its edge.
    shift = view[:, 2] + view[:, :2] @ low + turn @ (0.5, 0.5) - 0.5
    moved = np.concatenate([turn, shift[:, None]], 1)
    how = _INTERPOLATION["linear" if spec.interpolation == "area" else spec.interpolation]
    face = cv2.warpAffine(part, moved, (size, size), flags=how, borderMode=cv2.BORDER_REPLICATE)
    return resize_square(np.asarray(face, np.uint8), spec)


def resize_square(picture: Image, spec: CropSpec) -> Image:
    """Colour and size of `spec` for a square picture, gray (h, w) or RGB (h, w, 3), uint8."""
    if spec.color == "gray" and picture.ndim == 3:
        picture = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    elif spec.color == "rgb" and picture.ndim == 2:
        picture = cv2.cvtColor(picture, cv2.COLOR_GRAY2RGB)
    return resized(picture, (spec.size_px, spec.size_px), _INTERPOLATION[spec.interpolation])


def resized(
    picture: Image, size_wh: tuple[int, int], interpolation: int = cv2.INTER_LINEAR
) -> Image:
    """A picture (h, w[, 3]) uint8 in another size, without aliasing.

    Shrinking goes by a whole factor with INTER_AREA first, over whole blocks of pixels, and ends
    with `interpolation`: area at a fractional factor is ten times slower for the same result, and
    halving twice four times as fast as a quarter at once.
    """
    factor = min(picture.shape[1] // size_wh[0], picture.shape[0] // size_wh[1])
    while factor >= 2:
        step = 2 if factor % 2 == 0 else factor
        part = (picture.shape[1] // step, picture.shape[0] // step)
        whole = picture[: part[1] * step, : part[0] * step]
        picture = cv2.resize(whole, part, interpolation=cv2.INTER_AREA)
        factor //= step
    if picture.shape[1::-1] != size_wh:
        picture = cv2.resize(picture, size_wh, interpolation=interpolation)
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
