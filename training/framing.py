"""How our detector frames the training pictures' faces, and what its scores are worth.

Runs the detector over a sample of each pack and prints, as medians with the middle half's spread,
how far the training picture reaches beyond the detector's box: that is the margin and the shift
with which faces are cut at serving, so that they lie as in training. Then fits the share of true
boxes against the cascade's score on photographs with boxes drawn by people or a teacher.
"""

from __future__ import annotations

import argparse
import io
import json
import math
import zipfile
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from tqdm import tqdm

from training.datasets import load_fairface, load_fer
from utils import detector as haar
from utils.detector import Detector

_SAMPLE = 1500
_CANVAS_PX, _FACE_PX = 320, 192


def framing(images: NDArray[np.uint8], detector: Detector, name: str) -> tuple[float, float]:
    """Median margin and downward shift, both as shares of the detector's box side.

    Each picture is enlarged and laid on a canvas of its own border pixels, as a face in a photo.
    """
    rows = np.random.default_rng(0).choice(len(images), min(_SAMPLE, len(images)), replace=False)
    edge = (_CANVAS_PX - _FACE_PX) // 2
    margins, shifts = [], []
    for row in tqdm(rows, desc=name, leave=False, disable=None):
        image = images[row] if images[row].ndim == 3 else np.dstack([images[row]] * 3)
        face = cv2.resize(image, (_FACE_PX, _FACE_PX), interpolation=cv2.INTER_CUBIC)
        photo = cv2.copyMakeBorder(face, edge, edge, edge, edge, cv2.BORDER_REPLICATE)
        found = detector.detect(np.asarray(photo, np.uint8))
        if len(found) == 1:
            x0, y0, x1, y1 = found[0].box_xyxy
            side = max(x1 - x0, y1 - y0)
            margins.append((_FACE_PX / side - 1) / 2)
            shifts.append((_CANVAS_PX / 2 - (y0 + y1) / 2) / side)
    spread = [
        float(v) for v in (*np.quantile(margins, [0.25, 0.75]), *np.quantile(shifts, [0.25, 0.75]))
    ]
    margin, shift = float(np.median(margins)), float(np.median(shifts))
    print(
        f"{name}: found {len(margins)}/{len(rows)}; margin {margin:.3f} ({spread[0]:.3f} to "
        f"{spread[1]:.3f}), shift down {shift:.3f} ({spread[2]:.3f} to {spread[3]:.3f})"
    )
    return margin, shift


def confidence_fit(packs: list[Path], detector: Detector) -> tuple[float, float]:
    """Slope and offset of the logistic regression of "true box" on the cascade's score."""
    scores: list[float] = []
    truth: list[float] = []
    for pack in packs:
        with zipfile.ZipFile(pack) as archive:
            for entry in tqdm(
                json.loads(archive.read("boxes.json")), desc=pack.name, leave=False, disable=None
            ):
                photo = Image.open(io.BytesIO(archive.read(entry["file"]))).convert("RGB")
                known = entry["boxes"] + entry.get("ignore", [])
                for found in detector.detect(np.asarray(photo, np.uint8)):
                    x0, y0, x1, y1 = found.box_xyxy
                    box = (x0, y0, x1 - x0, y1 - y0)
                    truth.append(float(any(overlap(box, other) > 0.3 for other in known)))
                    scores.append(_score(found.confidence))
    x, y = np.array(scores), np.array(truth)
    slope, offset = 0.0, 0.0
    for _ in range(20000):
        error = 1 / (1 + np.exp(-(slope * x + offset))) - y
        slope, offset = (
            slope - 0.05 * float((error * x).mean()),
            offset - 0.05 * float(error.mean()),
        )
    print(
        f"confidence: {len(y)} boxes, {y.mean():.3f} true; slope {slope:.3f}, offset {offset:.3f}"
    )
    return slope, offset


def overlap(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    """Intersection over union of two boxes (x, y, width, height)."""
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    inside = max(0.0, width) * max(0.0, height)
    return inside / (a[2] * a[3] + b[2] * b[3] - inside)


def _score(confidence: float) -> float:
    """The cascade's score behind a confidence: the inverse of `utils.detector.confidence`."""
    clipped = min(max(confidence, 1e-9), 1 - 1e-9)
    return (math.log(clipped / (1 - clipped)) - haar.CONFIDENCE_OFFSET) / haar.CONFIDENCE_SLOPE


def main(argv: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the data packs")
    data: Path = parser.parse_args(argv).data
    detector = Detector()
    framing(load_fer(data).images, detector, "FER2013")
    framing(load_fairface(data, "fairface_64.npz", 64).images, detector, "FairFace")
    packs = [data / "faces_det_train_masks.zip", data / "faces_det_train_teacher.zip"]
    confidence_fit(packs, detector)


if __name__ == "__main__":
    main()
