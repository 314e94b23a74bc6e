"""What it is worth to turn faces upright by their landmarks, and what wrong landmarks cost.

    python -m training.alignment --data DIR

Finds the landmarks of training pictures with our detector, prints where they lie on average (what
`CropSpec.landmarks` must be for a network that is to get turned faces), and asks the served
networks about validation pictures: as they are stored, tilted, turned upright again, and turned by
landmarks that are wrong by a share of the eyes' distance. No test picture is read.
"""

from __future__ import annotations

import argparse
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
from utils.preprocessor import CropSpec, crop, resize_square, to_input

_CANVAS_PX, _FACE_PX = 320, 192
_SAMPLE = 1500
_TILTS_DEG = (0.0, 10.0, 20.0, 35.0)
_WRONG_BY = (0.05, 0.1, 0.2)
_BATCH = 256


@dataclass(frozen=True)
class Seen:
    """Square pictures (n, s, s[, 3]) and their landmarks (n, 5, 2) in pixels, NaN where unseen."""

    images: NDArray[np.uint8]
    landmarks: NDArray[np.float64]

    @property
    def places(self) -> tuple[tuple[float, float], ...]:
        """The median place of each landmark, in shares of the side."""
        median = np.nanmedian(self.landmarks, axis=0) / self.images.shape[1]
        return tuple((round(float(x), 3), round(float(y), 3)) for x, y in median)


def seen(images: NDArray[np.uint8], detector: Detector, words: str = "") -> Seen:
    """Look for the one face of each picture, enlarged on a canvas of its own border."""
    side, edge = images.shape[1], (_CANVAS_PX - _FACE_PX) // 2
    landmarks = np.full((len(images), 5, 2), np.nan)
    for i, image in enumerate(tqdm(images, words, leave=False, disable=None)):
        colour = image if image.ndim == 3 else np.dstack([image] * 3)
        face = cv2.resize(colour, (_FACE_PX, _FACE_PX), interpolation=cv2.INTER_CUBIC)
        photo = cv2.copyMakeBorder(face, edge, edge, edge, edge, cv2.BORDER_REPLICATE)
        found = detector.detect(np.asarray(photo, np.uint8)).faces
        if found:
            landmarks[i] = (np.array(found[0].landmarks) - edge) * side / _FACE_PX
    return Seen(images, landmarks)


def tilted(images: NDArray[np.uint8], degrees: float) -> NDArray[np.uint8]:
    """Every picture turned around its centre."""
    side = images.shape[1]
    matrix = cv2.getRotationMatrix2D(((side - 1) / 2, (side - 1) / 2), degrees, 1.0)
    turned = [
        cv2.warpAffine(image, matrix, (side, side), borderMode=cv2.BORDER_REPLICATE)
        for image in images
    ]
    return np.stack(turned).astype(np.uint8)


def accuracy(
    classifier: Classifier, pictures: Seen, truth: NDArray[np.int64], spec: CropSpec
) -> float:
    """Of the served answers, pictures with landmarks turned as `spec` says."""
    box = (0, 0, *pictures.images.shape[1:3])
    crops = [
        crop(image, box, spec, tuple((float(x), float(y)) for x, y in points))
        if spec.landmarks and np.isfinite(points).all()
        else resize_square(image, spec)
        for image, points in zip(pictures.images, pictures.landmarks, strict=True)
    ]
    right = 0
    for start in range(0, len(crops), _BATCH):
        batch = to_input(crops[start : start + _BATCH], spec)
        answers = classifier.probabilities(batch).argmax(1)
        right += int((answers == truth[start : start + _BATCH]).sum())
    return right / len(crops)


def report(name: str, training: NDArray[np.uint8], validation: Faces, detector: Detector) -> str:
    """The table of one network."""
    classifier = Classifier(name, Manifest.load())
    places = seen(training[:_SAMPLE], detector, f"{name}: training pictures").places
    plain = replace(classifier.crop, margin=0.0, shift_y=0.0, landmarks=())
    upright = replace(plain, landmarks=places)
    head = next(iter(validation.targets))
    truth = validation.targets[head].argmax(1)
    lines = [f"{name}: landmarks at {places}"]
    for degrees in _TILTS_DEG:
        images = tilted(validation.images, degrees) if degrees else validation.images
        pictures = seen(images, detector, f"{name}: {degrees:g} degrees")
        share = np.isfinite(pictures.landmarks).all((1, 2)).mean()
        lines.append(
            f"  tilted {degrees:4g} degrees: {accuracy(classifier, pictures, truth, plain):.4f}, "
            f"turned upright {accuracy(classifier, pictures, truth, upright):.4f} "
            f"(a face seen in {share:.1%})"
        )
        if not degrees:
            lines += [
                f"    landmarks wrong by {by:.0%} of the eyes' distance: "
                f"{accuracy(classifier, wrong(pictures, by), truth, upright):.4f}"
                for by in _WRONG_BY
            ]
    return "\n".join(lines)


def wrong(pictures: Seen, by: float) -> Seen:
    """The same pictures with landmarks moved by normal noise, a share of the eyes' distance."""
    eyes = np.hypot(*(pictures.landmarks[:, 1] - pictures.landmarks[:, 0]).T)
    noise = np.random.default_rng(0).normal(0, by, pictures.landmarks.shape)
    return replace(pictures, landmarks=pictures.landmarks + noise * eyes[:, None, None])


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
