"""How much accuracy is left when the same test pictures are darker, blurred, covered or re-cut.

Each change is deterministic and named; the names are the rows of a model card's table. Changes of
the frame happen to the picture as it is stored, before it is brought to the network's size;
changes of the picture happen at the network's size, so that a blur of 1.5 px is one for the
network.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from training.judges import predict
from training.measures import accuracy
from utils.classifiers import Classifier
from utils.preprocessor import CropSpec, Image, resize_square

# Where eyes and mouth lie in the packs' mean faces, as shares of the side (top, bottom, left,
# right): FER2013's are a little lower than FairFace's, and the boxes cover both.
_EYES = (0.22, 0.46, 0.10, 0.90)
_MOUTH = (0.55, 1.00, 0.15, 0.85)
_BLACK, _LIGHT = 15, 200


def _same(image: Image) -> Image:
    return image


@dataclass(frozen=True, kw_only=True)
class Change:
    """A named change: to the stored square picture's frame, or to the network's crop."""

    name: str
    meaning: str
    frame: Callable[[Image], Image] = _same
    crop: Callable[[Image], Image] = _same

    def apply(self, image: Image, spec: CropSpec) -> Image:
        """The changed crop, (size, size) or (size, size, 3) uint8, of a square picture."""
        return self.crop(resize_square(self.frame(image), spec))


def lit(image: Image, gain: float) -> Image:
    """Every gray level times `gain`, cut off at 255."""
    return np.clip(np.round(image * gain), 0, 255).astype(np.uint8)


def blurred(image: Image, sigma_px: float) -> Image:
    """Gaussian blur."""
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma_px), np.uint8)


def coded(image: Image, quality: int) -> Image:
    """Through a JPEG of that quality and back."""
    file = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(file, cv2.IMREAD_UNCHANGED), np.uint8)


def small(image: Image, side_px: int) -> Image:
    """Shrunk to `side_px` and enlarged again, as a face far away is."""
    tiny = cv2.resize(image, (side_px, side_px), interpolation=cv2.INTER_AREA)
    size = (image.shape[1], image.shape[0])
    return np.asarray(cv2.resize(tiny, size, interpolation=cv2.INTER_LINEAR), np.uint8)


def turned(image: Image, degrees: float) -> Image:
    """Turned about its middle, counter-clockwise; the corners repeat the border."""
    side = image.shape[0]
    matrix = cv2.getRotationMatrix2D(((side - 1) / 2, (side - 1) / 2), degrees, 1.0)
    turn = cv2.warpAffine(image, matrix, (side, side), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(turn, np.uint8)


def covered(image: Image, box: tuple[float, float, float, float], level: int) -> Image:
    """A rectangle (top, bottom, left, right as shares of the side) of one gray level."""
    top, bottom, left, right = (round(share * image.shape[0]) for share in box)
    out = image.copy()
    out[top:bottom, left:right] = level
    return out


def framed(image: Image, factor: float) -> Image:
    """The same face cut `factor` times as wide; what lies outside repeats the border."""
    side = image.shape[0]
    edge = round(side * abs(factor - 1) / 2)
    if factor < 1:
        return image[edge : side - edge, edge : side - edge]
    wide = cv2.copyMakeBorder(image, edge, edge, edge, edge, cv2.BORDER_REPLICATE)
    return np.asarray(wide, np.uint8)


CLEAN = Change(name="clean", meaning="as stored")
CHANGES = (
    Change(name="darker", meaning="half as bright", crop=lambda i: lit(i, 0.5)),
    Change(name="brighter", meaning="half again as bright", crop=lambda i: lit(i, 1.5)),
    Change(name="blur", meaning="Gaussian, sigma 1.5 px", crop=lambda i: blurred(i, 1.5)),
    Change(name="jpeg_q20", meaning="JPEG of quality 20", crop=lambda i: coded(i, 20)),
    Change(name="24px", meaning="shrunk to 24 px and back", crop=lambda i: small(i, 24)),
    Change(name="turned_left", meaning="15 degrees", frame=lambda i: turned(i, 15)),
    Change(name="turned_right", meaning="15 degrees", frame=lambda i: turned(i, -15)),
    Change(name="sunglasses", meaning="eyes covered", crop=lambda i: covered(i, _EYES, _BLACK)),
    Change(name="mask", meaning="mouth covered", crop=lambda i: covered(i, _MOUTH, _LIGHT)),
    Change(name="margin_less", meaning="cut 20 % narrower", frame=lambda i: framed(i, 0.8)),
    Change(name="margin_more", meaning="cut 20 % wider", frame=lambda i: framed(i, 1.2)),
)


def robustness(
    classifier: Classifier,
    images: NDArray[np.uint8],
    truth: NDArray[np.integer],
    sure_from: float,
) -> list[dict[str, Any]]:
    """One row a change, the unchanged pictures first; `loss_points` against those, in per cent.

    A network may lose accuracy on a bad picture, but should then be sure less often, and right
    when it is.
    """
    table: list[dict[str, Any]] = []
    for change in (CLEAN, *CHANGES):
        answers = predict(classifier, images, cut=change.apply)
        right, sure = answers.argmax(1) == truth, answers.max(1) >= sure_from
        value = float(right.mean())
        clean = table[0]["accuracy"] if table else value
        table.append(
            {
                "change": change.name,
                "meaning": change.meaning,
                "accuracy": value,
                "loss_points": 100 * (clean - value),
                "sure_coverage": float(sure.mean()),
                "sure_accuracy": accuracy(right[sure]),
            }
        )
    return table
