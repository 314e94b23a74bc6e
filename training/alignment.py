"""What it is worth to turn faces upright by their landmarks, and what wrong landmarks cost.

    python -m training.alignment --data DIR

Lays training pictures into photographs of their own border and finds their faces as serving does;
prints where the landmarks lie on average (what `CropSpec.landmarks` must be for a network that is
to get turned faces). Then asks the served networks about validation pictures: as they are stored,
cut by the detector's box, turned upright by its landmarks, by wrong ones as well, and brought to
those places (a similarity transform); all of it also for tilted pictures. No test picture is read.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from training.datasets import (
    FER_PUBLIC,
    FER_TRAIN,
    Faces,
    emotion_split,
    gender_split,
    load_fairface,
    load_fer,
)
from training.packs import one_sentence
from utils.classifiers import Classifier
from utils.detector import Detector
from utils.manifest import Manifest
from utils.preprocessor import Box, CropSpec, Landmarks, crop, resize_square, to_input

_CANVAS_PX, _FACE_PX = 320, 192
_EDGE_PX = (_CANVAS_PX - _FACE_PX) // 2
_SAMPLE = 1500
_TILTS_DEG = (0.0, 10.0, 20.0, 35.0)
_WRONG_BY = (0.05, 0.1, 0.2)
_BATCH = 256
_STORED, _BY_BOX, _UPRIGHT = "as stored", "cut by the box", "turned upright"
_TO_PLACES = "brought to the landmarks' places"


@dataclass(frozen=True)
class Seen:
    """A picture of a set, by its row, as a photograph (320, 320, 3) with the face found in it."""

    row: int
    photo: NDArray[np.uint8]
    box_xyxy: Box
    landmarks: Landmarks

    @property
    def places(self) -> NDArray[np.float64]:
        """Where the landmarks lie in the stored picture, in shares of its side (5, 2)."""
        return (np.array(self.landmarks) - _EDGE_PX) / _FACE_PX


def seen(images: NDArray[np.uint8], detector: Detector, words: str = "") -> Iterator[Seen]:
    """Those of square pictures (n, s, s[, 3]) in which the detector finds one face."""
    for row, image in enumerate(tqdm(images, words, leave=False, disable=None)):
        colour = image if image.ndim == 3 else np.dstack([image] * 3)
        face = cv2.resize(colour, (_FACE_PX, _FACE_PX), interpolation=cv2.INTER_CUBIC)
        edges = (_EDGE_PX,) * 4
        photo = np.asarray(cv2.copyMakeBorder(face, *edges, cv2.BORDER_REPLICATE), np.uint8)
        found = detector.detect(photo)
        if len(found) == 1:
            yield Seen(row, photo, found[0].box_xyxy, found[0].landmarks)


def places(images: NDArray[np.uint8], detector: Detector, words: str = "") -> Landmarks:
    """The median place of each landmark in square pictures, in shares of their side."""
    median = np.median([one.places for one in seen(images, detector, words)], axis=0)
    return tuple((round(float(x), 3), round(float(y), 3)) for x, y in median)


def tilted(images: NDArray[np.uint8], degrees: float) -> NDArray[np.uint8]:
    """Every picture turned around its centre."""
    side = images.shape[1]
    matrix = cv2.getRotationMatrix2D(((side - 1) / 2, (side - 1) / 2), degrees, 1.0)
    turned = [
        cv2.warpAffine(image, matrix, (side, side), borderMode=cv2.BORDER_REPLICATE)
        for image in images
    ]
    return np.stack(turned).astype(np.uint8)


def wrong(landmarks: Landmarks, by: float, rng: np.random.Generator) -> Landmarks:
    """Landmarks moved by normal noise, a share of the eyes' distance."""
    points = np.array(landmarks)
    noise = rng.normal(0, by, points.shape) * np.hypot(*(points[1] - points[0]))
    return tuple((float(x), float(y)) for x, y in points + noise)


def accuracies(
    classifier: Classifier,
    images: NDArray[np.uint8],
    truth: NDArray[np.int64],
    *,
    to: Landmarks,
    detector: Detector,
) -> tuple[dict[str, float], float]:
    """By how a face is cut, of the pictures with a face found; and their share."""
    plain = replace(classifier.crop, landmarks=(), upright=False)
    turned, placed = replace(plain, upright=True), replace(plain, landmarks=to)
    rng = np.random.default_rng(0)
    crops: dict[str, list[NDArray[np.uint8]]] = {}
    rows = []
    for one in seen(images, detector):
        rows.append(one.row)
        cuts = {
            _STORED: resize_square(images[one.row], plain),
            _BY_BOX: crop(one.photo, one.box_xyxy, plain),
            _TO_PLACES: crop(one.photo, one.box_xyxy, placed, one.landmarks),
            _UPRIGHT: crop(one.photo, one.box_xyxy, turned, one.landmarks),
        }
        for by in _WRONG_BY:
            moved = wrong(one.landmarks, by, rng)
            name = f"{_UPRIGHT}, landmarks {by:.0%} off"
            cuts[name] = crop(one.photo, one.box_xyxy, turned, moved)
        for name, cut in cuts.items():
            crops.setdefault(name, []).append(cut)
    shares = {name: _right(classifier, cut, truth[rows], plain) for name, cut in crops.items()}
    return shares, len(rows) / len(images)


def _right(
    classifier: Classifier,
    crops: list[NDArray[np.uint8]],
    truth: NDArray[np.int64],
    spec: CropSpec,
) -> float:
    right = 0
    for start in range(0, len(crops), _BATCH):
        batch = to_input(crops[start : start + _BATCH], spec)
        answers = classifier.probabilities(batch).argmax(1)
        right += int((answers == truth[start : start + _BATCH]).sum())
    return right / len(crops)


def table(results: Mapping[float, tuple[Mapping[str, float], float]]) -> str:
    """Ways of cutting by degrees of tilt."""
    ways = next(iter(results.values()))[0]
    head = f"  {'tilted by':34}" + "".join(f"{degrees:7g}" for degrees in results)
    found = f"  {'a face found':34}" + "".join(f"{share:7.3f}" for _, share in results.values())
    rows = [
        f"  {way:34}" + "".join(f"{shares[way]:7.4f}" for shares, _ in results.values())
        for way in ways
    ]
    return "\n".join([head, found, *rows])


def report(name: str, training: NDArray[np.uint8], validation: Faces, detector: Detector) -> str:
    """The table of one network."""
    classifier = Classifier(name, Manifest.load())
    to = places(training[:_SAMPLE], detector, name)
    truth = next(iter(validation.targets.values())).argmax(1)
    results = {}
    for degrees in _TILTS_DEG:
        images = tilted(validation.images, degrees) if degrees else validation.images
        results[degrees] = accuracies(classifier, images, truth, to=to, detector=detector)
    return f"{name}: landmarks at {to}\n{table(results)}"


def main(argv: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of the data packs")
    data: Path = parser.parse_args(argv).data
    detector = Detector(Manifest.load())
    with one_sentence():
        fer = load_fer(data)
        fairface = load_fairface(data, "fairface_64.npz", 64)
    for name, training, validation in (
        ("emotion", fer.images[fer.kept(FER_TRAIN)], emotion_split(fer, FER_PUBLIC)),
        ("gender", fairface.images, gender_split(fairface, validation=True)),
    ):
        print(report(name, training, validation, detector))


if __name__ == "__main__":
    main()
