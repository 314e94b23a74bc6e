"""The annotated picture: a box and a label a face, readable on any background, inside the picture.

Genders differ by colour *and* word; the colours are told apart by people with every common kind
of colour blindness. Sizes follow the face, so that a portrait and a group photo both read well.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from utils.faces import Box, Face, Opinion
from utils.pictograms import pictogram

Image = NDArray[np.uint8]
Colour = tuple[int, int, int]

# RGB, dark enough for white text (contrast above 4.5).
COLOURS: dict[str | None, Colour] = {
    "woman": (0, 92, 200),
    "man": (190, 70, 0),
    None: (60, 60, 66),
}
_WHITE: Colour = (255, 255, 255)
_TEXT_PER_FACE = 0.14
# Of the picture's long side: a chat shows the whole picture on a phone's screen.
_MIN_TEXT_SHARE, _MAX_TEXT_SHARE = 0.0115, 0.04
_MIN_TEXT_PX = 11
_BLURRED_PX = 6
# Words of the smallest size are hard to read when shrunk further than this.
_MOST_SHRUNK = 0.75


def annotate(canvas: Image, faces: Sequence[Face], *, emoji: bool = False) -> None:
    """Mark all faces in a picture, RGB uint8 (h, w, 3), itself: nobody needs it unmarked any more.

    Labels are placed largest face first, each where it covers the least of other labels and
    faces: above its box, below it, or inside. `emoji` puts a pictogram of the expression before
    the words.
    """
    for face in faces:
        _outline(canvas, face.box_xyxy, colour_of(face))
    taken: list[Box] = []
    for face in faces:
        label = _fitted(face, _text_px(face, canvas), canvas, emoji=emoji)
        others = [other.box_xyxy for other in faces if other is not face]
        spot = _best_spot(label, face.box_xyxy, canvas, taken + others)
        _lay(canvas, label, spot)
        taken.append((*spot, spot[0] + label.shape[1], spot[1] + label.shape[0]))


def blur(canvas: Image, box_xyxy: Box) -> None:
    """Make a face in a picture, RGB uint8 (h, w, 3), itself unknowable: some 6x6 colours are left.

    A fifth larger than its box, which ends at chin and forehead. Not an ellipse: of a face that the
    picture's edge cuts, it would leave the middle.
    """
    x0, y0, x1, y1 = box_xyxy
    more_x, more_y = (x1 - x0) // 10 + 1, (y1 - y0) // 10 + 1
    x0, y0 = max(0, x0 - more_x), max(0, y0 - more_y)
    part = canvas[y0 : y1 + more_y, x0 : x1 + more_x]
    height, width = part.shape[:2]
    few = cv2.resize(part, (_BLURRED_PX, _BLURRED_PX), interpolation=cv2.INTER_AREA)
    part[:] = cv2.resize(few, (width, height), interpolation=cv2.INTER_CUBIC)


def lines(face: Face) -> list[str]:
    """The words beside a face; a question mark says that the network is not sure."""
    opinions = [face.emotion] if face.gender is None else [face.emotion, face.gender]
    return [_line(opinion) for opinion in opinions]


def colour_of(face: Face) -> Colour:
    """The colour of a face's box and label; neutral gray where gender is off or unsure."""
    return COLOURS[face.gender.label if face.gender and face.gender.sure else None]


def _line(opinion: Opinion) -> str:
    (label, percent), *others = opinion.candidates
    if others:
        return f"{label} or {others[0].label}?"
    return f"{label}{'' if opinion.sure else '?'} {percent} %"


def _outline(canvas: Image, box_xyxy: Box, colour: Colour) -> None:
    x0, y0, x1, y1 = box_xyxy
    stroke = max(2, round(max(x1 - x0, y1 - y0) / 60))
    for width, ink in ((stroke + 2 * max(1, stroke // 3), _WHITE), (stroke, colour)):
        cv2.rectangle(canvas, (x0, y0), (x1 - 1, y1 - 1), ink, width, cv2.LINE_AA)


def _text_px(face: Face, canvas: Image) -> int:
    x0, _, x1, _ = face.box_xyxy
    long_side: int = max(canvas.shape[:2])
    wanted = min((x1 - x0) * _TEXT_PER_FACE, long_side * _MAX_TEXT_SHARE)
    return round(max(_MIN_TEXT_PX, wanted, long_side * _MIN_TEXT_SHARE))


def _fitted(face: Face, text_px: int, canvas: Image, *, emoji: bool = False) -> NDArray[np.uint8]:
    """A label RGBA (h, w, 4); where the picture is too small for it, in more lines, then shrunk."""
    words, colour = lines(face), colour_of(face)
    expression = face.emotion.label if emoji else None
    label = _label(tuple(words), colour, text_px, expression)
    height, width = canvas.shape[:2]
    if label.shape[1] * _MOST_SHRUNK > width:
        parts = [part for line in words for part in line.replace(" or ", " or\n").splitlines()]
        label = _label(tuple(parts), colour, text_px, expression)
    scale = min(1.0, width / label.shape[1], height / label.shape[0])
    if scale == 1:
        return label
    size = (max(1, int(label.shape[1] * scale)), max(1, int(label.shape[0] * scale)))
    return np.asarray(cv2.resize(label, size, interpolation=cv2.INTER_AREA), np.uint8)


@lru_cache(maxsize=512)
def _label(
    words: tuple[str, ...], colour: Colour, text_px: int, expression: str | None = None
) -> NDArray[np.uint8]:
    font = _font(text_px)
    pad, step = max(2, text_px // 3), round(text_px * 1.22)
    height = step * len(words) + pad
    before = height if expression else pad
    width = max(int(font.getlength(line)) + 1 for line in words) + before + pad
    patch = Pillow.new("RGBA", (width, height), (0, 0, 0, 0))
    draw = ImageDraw.Draw(patch)
    corner = (0, 0, width - 1, height - 1)
    draw.rounded_rectangle(corner, radius=pad, fill=(*colour, 235), outline=(*_WHITE, 235))
    for row, line in enumerate(words):
        draw.text((before, pad // 2 + row * step), line, font=font, fill=_WHITE)
    if expression:
        side, gap = height - pad, pad // 2
        drawn = Pillow.fromarray(pictogram(expression, side))
        patch.alpha_composite(drawn, (gap, gap))
    return np.array(patch, np.uint8)


@lru_cache(maxsize=64)
def _font(text_px: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(text_px)
    assert isinstance(font, ImageFont.FreeTypeFont)  # noqa: S101  Pillow's wheels bring FreeType
    return font


def _best_spot(
    label: NDArray[np.uint8], box_xyxy: Box, canvas: Image, taken: list[Box]
) -> tuple[int, int]:
    """The top left corner, inside the picture, with the least overlap; earlier spots win ties."""
    x0, y0, x1, y1 = box_xyxy
    height, width = label.shape[:2]
    right, bottom = canvas.shape[1] - width, canvas.shape[0] - height
    middle = (x0 + x1 - width) // 2
    spots = (
        (middle, y0 - height - 2),
        (middle, y1 + 2),
        (x1 + 2, y0),
        (x0 - width - 2, y0),
        (middle, y1 - height - 2),
    )
    inside = [(min(max(0, x), right), min(max(0, y), bottom)) for x, y in spots]

    def cost(i: int) -> float:
        x, y = inside[i]
        spot = (x, y, x + width, y + height)
        moved = abs(x - spots[i][0]) + abs(y - spots[i][1])
        covered: float = sum(_overlap(spot, other) for other in taken)
        own = 0.6 * _overlap(spot, box_xyxy)
        return covered + own + float(moved > 0) + i * 1e-3

    return inside[min(range(len(inside)), key=cost)]


def _overlap(a: Box, b: Box) -> int:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    return max(0, width) * max(0, height)


def _lay(canvas: Image, label: NDArray[np.uint8], spot: tuple[int, int]) -> None:
    x, y = spot
    height, width = label.shape[:2]
    under = canvas[y : y + height, x : x + width]
    alpha = label[..., 3:].astype(np.float32) / 255
    under[:] = np.rint(label[..., :3] * alpha + under * (1 - alpha)).astype(np.uint8)
