"""How our detector frames the training pictures' faces.

Runs the detector over a sample of each training set and prints where its box lies in the training
picture. The medians give the margin and the shift with which faces are cut at serving, so that
they lie as in training; what the cut still misses by is set against the augmentation's jitter.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from training.augmentation import Augmentation
from training.datasets import FER_TRAIN, load_fairface, load_fer
from training.packs import one_sentence
from utils.detector import Detector
from utils.manifest import Manifest

_SAMPLE = 1500
_CANVAS_PX, _FACE_PX = 320, 192
_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True)
class Misses:
    """Standard deviations of what a cut at serving misses its training picture's frame by.

    Shares of the picture's side; wrong boxes inside a face are counted as well.
    """

    shift: float  # of the worse of the two directions
    scale: float


# As `main` printed them; training's jitter must reach at least as far (a test).
MEASURED = {
    "FER2013": Misses(shift=0.06, scale=0.159),
    "FairFace": Misses(shift=0.109, scale=0.124),
}


@dataclass(frozen=True)
class Framing:
    """Where the detector's boxes lie in pictures, (n,) each, in shares of the picture's side."""

    pictures: int  # looked at; n of them have exactly one box
    offset_x: NDArray[np.float64]  # of the box's centre from the picture's, to the right
    offset_y: NDArray[np.float64]  # downwards
    side: NDArray[np.float64]  # of the box

    @property
    def margin(self) -> float:
        """What `CropSpec.margin` must be for a cut as wide as the training pictures."""
        return float(np.median((1 / self.side - 1) / 2))

    @property
    def shift_y(self) -> float:
        """What `CropSpec.shift_y` must be for a cut as high as the training pictures."""
        return float(np.median(-self.offset_y / self.side))

    def off(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """What each cut misses by: to the right, downwards, and in width, (n,) each."""
        return (
            self.offset_x,
            self.offset_y + self.shift_y * self.side,
            self.side * (1 + 2 * self.margin) - 1,
        )

    def misses(self) -> Misses:
        """The spread of what the cuts miss by."""
        x, y, scale = self.off()
        return Misses(shift=float(max(x.std(), y.std())), scale=float(scale.std()))

    def report(self, name: str, jitter: Augmentation) -> str:
        """All of it as text."""
        x, y, scale = self.off()
        within = (abs(x) <= jitter.shift) & (abs(y) <= jitter.shift) & (abs(scale) <= jitter.scale)
        quantiles = "".join(f"{100 * quantile:5.0f} %" for quantile in _QUANTILES)
        rows = {
            "box: centre to the right": self.offset_x,
            "box: centre down": self.offset_y,
            "box: side": self.side,
            "cut: off to the right": x,
            "cut: off down": y,
            "cut: too wide": scale,
        }
        table = "\n".join(
            f"  {words:26}{values.mean():7.3f}{values.std():7.3f}"
            + "".join(f"{value:7.3f}" for value in np.quantile(values, _QUANTILES))
            for words, values in rows.items()
        )
        return (
            f"{name}: one box in {len(self.side)}/{self.pictures} pictures; shares of their side\n"
            f"  {'':26}   mean     sd{quantiles}\n{table}\n"
            f"  cut with margin {self.margin:.3f}, shift_y {self.shift_y:.3f}\n"
            f"  training's jitter: shift {jitter.shift}, scale {jitter.scale}: "
            f"{'covers' if covers(jitter, self.misses()) else 'DOES NOT COVER'} the spread; "
            f"{within.mean():.0%} of the cuts lie within it"
        )


def covers(jitter: Augmentation, misses: Misses) -> bool:
    """Whether training moves and scales its pictures at least as far as serving's cuts stray."""
    return jitter.shift >= misses.shift and jitter.scale >= misses.scale


def framing(
    images: NDArray[np.uint8], detector: Detector, *, sample: int = _SAMPLE, words: str = ""
) -> Framing:
    """Where the detector sees the face in a sample of square pictures (n, s, s[, 3]).

    Each picture is enlarged and laid on a canvas of its own border pixels, as a face in a photo.
    """
    rows = np.random.default_rng(0).choice(len(images), min(sample, len(images)), replace=False)
    edge = (_CANVAS_PX - _FACE_PX) // 2
    found = []
    for row in tqdm(rows, desc=words, leave=False, disable=None):
        image = images[row] if images[row].ndim == 3 else np.dstack([images[row]] * 3)
        face = cv2.resize(image, (_FACE_PX, _FACE_PX), interpolation=cv2.INTER_CUBIC)
        photo = cv2.copyMakeBorder(face, edge, edge, edge, edge, cv2.BORDER_REPLICATE)
        detections = detector.detect(np.asarray(photo, np.uint8))
        if len(detections) == 1:
            x0, y0, x1, y1 = detections[0].box_xyxy
            found.append(
                ((x0 + x1 - _CANVAS_PX) / 2, (y0 + y1 - _CANVAS_PX) / 2, max(x1 - x0, y1 - y0))
            )
    x, y, side = np.array(found, np.float64).reshape(-1, 3).T / _FACE_PX
    return Framing(len(rows), x, y, side)


def main(argv: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the data packs")
    data: Path = parser.parse_args(argv).data
    detector = Detector(Manifest.load())
    with one_sentence():
        fer = load_fer(data)
        sets = {
            "FER2013": fer.images[fer.kept(FER_TRAIN)],
            "FairFace": load_fairface(data, "fairface_64.npz", 64).images,
        }
    for name, images in sets.items():
        print(framing(images, detector, words=name).report(name, Augmentation()))


if __name__ == "__main__":
    main()
