"""What a network looks at: hide one part of the face after the other and see what it costs.

    python -m training.explain PHOTO [--network emotion|gender] [--face N|all] [--out FILE.png]

A patch of the face's mean colour slides over the crop, and each place gets the mean drop of the
answered label's probability over the patches that hide it (occlusion maps: Zeiler & Fergus, arXiv
1311.2901). Warm places speak for the answer, cold ones against it. It asks the served ONNX file,
as a photo in the chat does, and needs no TensorFlow.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from utils.classifiers import Classifier
from utils.detector import Detection, Detector
from utils.errors import ModelError, RequestRefused
from utils.faces import Opinion
from utils.images import Image, decode
from utils.manifest import MODELS, Manifest
from utils.preprocessor import CropSpec, crop, to_input

# Of the crop's side. Of a very clear answer a small patch hides too little to change anything:
# the next larger one is tried until some place costs `_ENOUGH`.
_PATCH_SHARES, _ENOUGH = (0.25, 0.35, 0.5), 0.05
_STEPS = 16  # places a side
_BATCH = 128
_TILE_PX, _GAP_PX, _TEXT_PX = 320, 12, 15
_WARM, _COLD = (255, 60, 0), (0, 110, 255)
_STRENGTH = 0.75  # of the colour at the place that matters most
_MAX_BYTES, _MAX_PIXELS = 50_000_000, 100_000_000


class Network(Protocol):
    """What is explained; `utils.classifiers.Classifier` is one."""

    @property
    def crop(self) -> CropSpec:
        """How its faces are cut."""

    def predict(self, crops: Sequence[Image]) -> list[Opinion]:
        """One opinion a crop."""

    def probabilities(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n, labels) for a batch made by `to_input`."""


@dataclass(frozen=True)
class Explanation:
    """An answer and what each place of the face contributes to it.

    `face_rgb` uint8 (t, t, 3) shows the crop large; `drop` (s, s) float64 is what the answered
    label's probability loses where the place is hidden, by patches of `patch_share` of the side.
    """

    opinion: Opinion
    face_rgb: Image
    drop: NDArray[np.float64]
    patch_share: float


def occlusion(
    network: Network, face: Image, class_id: int, patch_share: float
) -> NDArray[np.float64]:
    """The mean drop (s, s) of a label's probability over all patches that hide a place.

    `face` is a crop as the network reads it, uint8 (s, s) or (s, s, 3).
    """
    side = face.shape[0]
    patch, step = max(2, round(side * patch_share)), max(1, side // _STEPS)
    # Patches reach over the border, so that a corner is hidden as often as the middle.
    starts = range(step - patch, side, step)
    places = [
        (slice(max(0, y), y + patch), slice(max(0, x), x + patch)) for y in starts for x in starts
    ]
    gray = face.mean(axis=(0, 1)).round().astype(np.uint8)
    before = float(network.probabilities(to_input([face], network.crop))[0, class_id])
    total, times = np.zeros((side, side)), np.zeros((side, side))
    for first in range(0, len(places), _BATCH):
        some = places[first : first + _BATCH]
        hidden = np.repeat(face[None], len(some), axis=0)
        for picture, place in zip(hidden, some, strict=True):
            picture[place] = gray
        after = network.probabilities(to_input(hidden, network.crop))[:, class_id]
        for place, value in zip(some, after, strict=True):
            total[place] += before - float(value)
            times[place] += 1
    return np.asarray(cv2.GaussianBlur(total / times, (0, 0), patch / 4), np.float64)


def explain(network: Network, image_rgb: Image, found: Detection) -> Explanation:
    """The answer for one face of a photo, uint8 RGB (h, w, 3), with its map."""
    face = crop(image_rgb, found.box_xyxy, network.crop, found.landmarks)
    opinion = network.predict([face])[0]
    spec = replace(network.crop, size_px=_TILE_PX, color="rgb")
    large = crop(image_rgb, found.box_xyxy, spec, found.landmarks)
    for patch_share in _PATCH_SHARES:
        drop = occlusion(network, face, opinion.class_id, patch_share)
        if drop.max() >= _ENOUGH:
            break
    return Explanation(opinion, large, drop, patch_share)


def overlay(explanation: Explanation) -> Image:
    """The face under its map, uint8 (t, t, 3)."""
    side = explanation.face_rgb.shape[0]
    drop = cv2.resize(explanation.drop, (side, side), interpolation=cv2.INTER_CUBIC)[..., None]
    share = np.clip(np.abs(drop) / max(np.abs(drop).max(), _ENOUGH), 0, 1)
    colour = np.where(drop > 0, np.array(_WARM), np.array(_COLD))
    # In gray, so that only the map has colour.
    luma = cv2.cvtColor(explanation.face_rgb, cv2.COLOR_RGB2GRAY)[..., None].astype(np.float64)
    mixed = luma + (colour - luma) * share * _STRENGTH
    return np.asarray(mixed.round(), np.uint8)


def draw(explanations: Sequence[Explanation], network: str) -> Pillow.Image:
    """A row a face: the crop, its map, and the answer in words above them."""
    line = round(_TEXT_PX * 1.35)
    row = _TILE_PX + 2 * line + 2 * _GAP_PX
    sheet = Pillow.new("RGB", (2 * _TILE_PX + 3 * _GAP_PX, row * len(explanations)), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(_TEXT_PX)
    for number, explanation in enumerate(explanations):
        top = number * row + _GAP_PX // 2
        for i, words in enumerate(sentences(explanation, network)):
            pen.text((_GAP_PX, top + i * line), words, font=font, fill="black")
        top += 2 * line + _GAP_PX // 2
        sheet.paste(Pillow.fromarray(explanation.face_rgb), (_GAP_PX, top))
        sheet.paste(Pillow.fromarray(overlay(explanation)), (2 * _GAP_PX + _TILE_PX, top))
    return sheet


def sentences(explanation: Explanation, network: str) -> tuple[str, str]:
    """The answer, and what the map's colours are worth."""
    opinion = explanation.opinion
    what = "expression" if network == "emotion" else network
    named = " or ".join(f"{label} ({percent} %)" for label, percent in opinion.candidates)
    unsure = "" if opinion.sure else "unsure: "
    most = 100 * max(0.0, float(explanation.drop.max()))
    patch = 100 * explanation.patch_share
    return (
        f"apparent {what}: {unsure}{named}",
        f"patches of {patch:.0f} % of the side on warm places cost it up to {most:.0f} points",
    )


def explain_photo(photo: Path, network: Classifier, which: str) -> list[Explanation]:
    """Face `which` of a file, "1" being the largest, or "all".

    Raises `ValueError` with one sentence where there is no such face or no picture.
    """
    try:
        image_rgb = decode(photo.read_bytes(), max_bytes=_MAX_BYTES, max_pixels=_MAX_PIXELS)
    except OSError as error:
        raise ValueError(f"{photo} cannot be read: {error.strerror}") from None
    except RequestRefused as error:
        raise ValueError(f"{photo}: {error.public_sentence}") from None
    found = Detector(Manifest.load()).detect(image_rgb)
    if not found:
        raise ValueError(f"{photo}: no face was found in this picture")
    if which != "all" and not (which.isdecimal() and 1 <= int(which) <= len(found)):
        faces = "one face" if len(found) == 1 else f"{len(found)} faces"
        raise ValueError(f"{photo} has {faces}, largest first: --face {which} is none of them")
    chosen = found if which == "all" else [found[int(which) - 1]]
    return [explain(network, image_rgb, detection) for detection in chosen]


def main(argv: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photo", type=Path)
    parser.add_argument("--network", choices=["emotion", "gender"], default="emotion")
    parser.add_argument("--face", default="1", help="1 is the largest (default), or all")
    parser.add_argument("--out", type=Path, help="default: the photo's name with -emotion.png")
    parser.add_argument("--models", type=Path, default=MODELS, help="folder of the weights")
    arguments = parser.parse_args(argv)
    photo, name = arguments.photo, arguments.network
    out = arguments.out or Path(f"{photo.stem}-{name}.png")
    try:
        network = Classifier(name, Manifest.load(arguments.models))
        explanations = explain_photo(photo, network, arguments.face)
        draw(explanations, name).save(out)
    except (ValueError, ModelError) as error:
        raise SystemExit(str(error)) from None
    except OSError as error:
        raise SystemExit(f"{out} cannot be written: {error.strerror or error}") from None
    for explanation in explanations:
        print(sentences(explanation, name)[0])
    print(f"explanation: {out}")


if __name__ == "__main__":
    main()
