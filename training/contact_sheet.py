"""A contact sheet: training pictures beside what the augmentation makes of them, and their labels.

A change that hides an expression, or a label that no eye would give, is seen here in a second and
in a figure never. Only the training splits are drawn.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from training import train_emotion, train_gender
from training.config import TrainConfig
from training.datasets import FER2013_LABELS, Faces
from utils.labels import EMOTIONS, GENDERS

_ROWS, _COPIES = 10, 9
_TILE_PX, _GAP_PX, _TEXT_WIDTH_PX, _TEXT_PX = 96, 4, 190, 13
_LABELS = {"emotion": EMOTIONS, "fer2013": FER2013_LABELS, "gender": GENDERS}


def draw(emotion: Faces, gender: Faces, seed: int) -> Pillow.Image:
    """Rows of one picture each: its targets, itself, and its changed copies; `seed` picks them."""
    rng = np.random.default_rng(seed)
    rows = [
        row
        for faces, config in ((emotion, train_emotion.CONFIG), (gender, train_gender.CONFIG))
        for row in _rows(faces, config, rng)
    ]
    step = _TILE_PX + _GAP_PX
    size = (_TEXT_WIDTH_PX + step * (_COPIES + 1) + _GAP_PX, step * len(rows) + _GAP_PX)
    sheet = Pillow.new("RGB", size, "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(_TEXT_PX)
    for number, (words, tiles) in enumerate(rows):
        top = _GAP_PX + number * step
        pen.multiline_text((_GAP_PX, top), words, font=font, fill="black")
        for column, tile in enumerate(tiles):
            # The first tile is the original: a little apart from its copies.
            left = _TEXT_WIDTH_PX + column * step + (_GAP_PX if column else 0)
            picture = Pillow.fromarray(tile).convert("RGB")
            sheet.paste(
                picture.resize((_TILE_PX, _TILE_PX), Pillow.Resampling.NEAREST), (left, top)
            )
    return sheet


def _rows(
    faces: Faces, config: TrainConfig, rng: np.random.Generator
) -> list[tuple[str, list[NDArray[np.uint8]]]]:
    """Words and tiles (uint8, of two sizes) for some pictures, as many of each class as may be."""
    served = next(iter(faces.targets.values())).argmax(1)
    order = rng.permutation(len(faces))
    # The nth picture of each class comes before the nth + 1st of any.
    rank = np.empty(len(faces), np.int64)
    for class_id in np.unique(served):
        of_class = order[served[order] == class_id]
        rank[of_class] = np.arange(len(of_class))
    chosen = sorted(order, key=lambda row: rank[row])[:_ROWS]
    size_px = config.crop.size_px
    return [
        (
            words(faces, row),
            [
                faces.images[row],
                *config.augmentation.apply(faces.images[[row] * _COPIES], rng, size_px),
            ],
        )
        for row in chosen
    ]


def words(faces: Faces, row: int) -> str:
    """The targets of one picture whose classes have names, one line a head."""
    lines = []
    for head, target in faces.targets.items():
        if head in _LABELS:
            best = [i for i in np.argsort(-target[row])[:3] if target[row, i] >= 0.05]
            named = [f"{_LABELS[head][i]} {100 * target[row, i]:.0f} %" for i in best]
            lines.append(f"{head}:\n  " + "\n  ".join(named))
    return "\n".join(lines)
