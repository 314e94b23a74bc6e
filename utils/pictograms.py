"""Small drawn faces, one an expression: what `emoji=on` puts beside the words.

Drawn by us, because a font with emoji is missing on most servers and would be larger than all of
our networks. Coordinates are shares of the radius from the middle, x to the right and y down.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageDraw

Point = tuple[float, float]
Line = tuple[Point, ...]

_INK = (70, 44, 20)
_YELLOW, _RED, _GREEN, _BLUE = (255, 204, 51), (244, 108, 84), (168, 203, 84), (150, 190, 240)
_MOUTH = (140, 40, 40)
_OVERSAMPLED = 4
_FLAT_BROWS: tuple[Line, ...] = ()


@dataclass(frozen=True)
class _Look:
    """One drawn expression: `mouth` is a line, or, filled, an outline."""

    mouth: Line
    brows: tuple[Line, ...] = _FLAT_BROWS
    skin: tuple[int, int, int] = _YELLOW
    eye: float = 0.13
    filled: bool = False


def _mirrored(line: Line) -> tuple[Line, Line]:
    return line, tuple((-x, y) for x, y in line)


_LOOKS = {
    "neutral": _Look(mouth=((-0.4, 0.42), (0.4, 0.42))),
    "happiness": _Look(
        mouth=((-0.58, 0.16), (0.58, 0.16), (0.46, 0.48), (0.2, 0.66), (-0.2, 0.66), (-0.46, 0.48)),
        filled=True,
    ),
    "surprise": _Look(
        mouth=(
            *((0.0, 0.2), (0.17, 0.27), (0.24, 0.46), (0.17, 0.65)),
            *((0.0, 0.72), (-0.17, 0.65), (-0.24, 0.46), (-0.17, 0.27)),
        ),
        brows=_mirrored(((0.2, -0.62), (0.38, -0.7), (0.56, -0.62))),
        eye=0.17,
        filled=True,
    ),
    "sadness": _Look(
        mouth=((-0.42, 0.6), (-0.22, 0.42), (0.0, 0.36), (0.22, 0.42), (0.42, 0.6)),
        brows=_mirrored(((0.2, -0.56), (0.62, -0.36))),
    ),
    "anger": _Look(
        mouth=((-0.4, 0.56), (-0.2, 0.44), (0.0, 0.4), (0.2, 0.44), (0.4, 0.56)),
        brows=_mirrored(((0.12, -0.28), (0.64, -0.56))),
        skin=_RED,
    ),
    "disgust": _Look(
        mouth=((-0.48, 0.5), (-0.3, 0.38), (-0.12, 0.5), (0.08, 0.38), (0.28, 0.5), (0.48, 0.38)),
        brows=_mirrored(((0.14, -0.36), (0.6, -0.44))),
        skin=_GREEN,
        eye=0.1,
    ),
    "fear": _Look(
        mouth=(
            *((-0.42, 0.62), (-0.34, 0.4), (-0.12, 0.34), (0.12, 0.34), (0.34, 0.4)),
            *((0.42, 0.62), (0.2, 0.54), (0.0, 0.58), (-0.2, 0.54)),
        ),
        brows=_mirrored(((0.18, -0.66), (0.6, -0.5))),
        skin=_BLUE,
        eye=0.18,
        filled=True,
    ),
    "contempt": _Look(
        mouth=((-0.4, 0.46), (0.1, 0.46), (0.32, 0.38), (0.46, 0.22)),
        brows=(((-0.62, -0.38), (-0.2, -0.34)), ((0.2, -0.5), (0.42, -0.6), (0.62, -0.52))),
        eye=0.11,
    ),
}


def _rounded(line: Line) -> Line:
    """A line without corners, by cutting each of them off three times (Chaikin 1974)."""
    for _ in range(3):
        points = np.array(line)
        cut = np.stack(
            [points[:-1] * 0.75 + points[1:] * 0.25, points[:-1] * 0.25 + points[1:] * 0.75], 1
        )
        line = (line[0], *(tuple(point) for point in cut.reshape(-1, 2)), line[-1])
    return line


@lru_cache(maxsize=128)
def pictogram(label: str, side_px: int) -> NDArray[np.uint8]:
    """An expression of `utils.labels.EMOTIONS` as RGBA uint8 (side_px, side_px, 4).

    Raises `KeyError` for another label.
    """
    look = _LOOKS[label]
    large = side_px * _OVERSAMPLED
    patch = Pillow.new("RGBA", (large, large), (*look.skin, 0))
    draw = ImageDraw.Draw(patch)
    middle, radius = (large - 1) / 2, large / 2 - _OVERSAMPLED / 2

    def placed(line: Line) -> list[Point]:
        return [(middle + x * radius, middle + y * radius) for x, y in line]

    def disc(x: float, y: float, share: float, ink: tuple[int, int, int]) -> None:
        draw.ellipse(placed(((x - share, y - share), (x + share, y + share))), fill=(*ink, 255))

    stroke = max(1, round(radius * 0.12))
    disc(0, 0, 1, _INK)
    disc(0, 0, 0.94, look.skin)
    for x in (-0.36, 0.36):
        disc(x, -0.14, look.eye, _INK)
    for brow in look.brows:
        draw.line(placed(brow), fill=(*_INK, 255), width=stroke, joint="curve")
    if look.filled:
        lips = placed(_rounded((*look.mouth, look.mouth[0])))
        draw.polygon(lips, fill=(*_MOUTH, 255))
        draw.line(lips, fill=(*_INK, 255), width=stroke // 2, joint="curve")
    else:
        draw.line(placed(_rounded(look.mouth)), fill=(*_INK, 255), width=stroke, joint="curve")
    small = cv2.resize(np.array(patch), (side_px, side_px), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)
