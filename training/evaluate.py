"""Measure the served files on the test splits; needs ONNX Runtime and the packs, no TensorFlow.

FER2013's PrivateTest and FairFace's validation files are read here and nowhere else in training.
With --json the last line is one object; the same figures stand in the model cards.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.calibration import expected_calibration_error
from training.datasets import FER2013_LABELS, FER_PRIVATE, load_fairface, load_fer
from utils.classifiers import Classifier
from utils.labels import EMOTIONS, GENDERS
from utils.manifest import MODELS, Manifest
from utils.preprocessor import resize_square, to_input

Figures = dict[str, Any]
_BATCH = 256
_FAIRFACE_VAL_PX = 112


def predict(classifier: Classifier, images: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Probabilities (n, labels) for square uint8 pictures already framed as in training."""
    rows = []
    for start in range(0, len(images), _BATCH):
        crops = [resize_square(image, classifier.crop) for image in images[start : start + _BATCH]]
        rows.append(classifier.probabilities(to_input(crops, classifier.crop)))
    return np.concatenate(rows).astype(np.float64)


def evaluate_emotion(data: Path, classifier: Classifier, sure_from: float) -> Figures:
    """Figures on PrivateTest: FER2013's seven labels, and the FER+ majority of eight."""
    fer = load_fer(data)
    private = fer.usage == FER_PRIVATE
    probabilities = predict(classifier, fer.images[private])
    columns = [EMOTIONS.index(label) for label in FER2013_LABELS]
    seven = probabilities[:, columns].argmax(1) == fer.label[private]
    usable = fer.usable()[private]
    majority = fer.crowd()[private][usable].argmax(1)
    figures = _quality("ferplus", probabilities[usable], majority, sure_from)
    figures["ferplus_test_accuracy"] = figures.pop("ferplus_accuracy")
    confusion = np.zeros((len(EMOTIONS), len(EMOTIONS)), int)
    np.add.at(confusion, (majority, probabilities[usable].argmax(1)), 1)
    return figures | {
        "fer2013_private_accuracy": float(seven.mean()),
        "confusion": confusion.tolist(),
        "n": {
            "fer2013_private_accuracy": len(seven),
            **dict.fromkeys(figures, len(majority)),
        },
    }


def evaluate_gender(data: Path, classifier: Classifier, sure_from: float) -> Figures:
    """Figures on FairFace's validation files, and the accuracy of each group in them."""
    faces = load_fairface(data, "fairface_val_112.npz", _FAIRFACE_VAL_PX)
    probabilities = predict(classifier, faces.images)
    figures = _quality("fairface", probabilities, faces.gender, sure_from)
    figures["fairface_val_accuracy"] = figures.pop("fairface_accuracy")
    right = probabilities.argmax(1) == faces.gender
    groups = {}
    for race, race_name in enumerate(faces.race_names):
        for gender, word in enumerate(GENDERS):
            rows = (faces.race == race) & (faces.gender == gender)
            groups[f"{race_name} {word}"] = float(right[rows].mean())
    figures["fairface_worst_gap"] = max(groups.values()) - min(groups.values())
    return figures | {"groups": groups, "n": dict.fromkeys(figures, len(right))}


def _quality(
    name: str, probabilities: NDArray[np.float64], truth: NDArray[np.integer], sure_from: float
) -> Figures:
    right = probabilities.argmax(1) == truth
    sure = probabilities.max(1) >= sure_from
    return {
        f"{name}_accuracy": float(right.mean()),
        f"{name}_ece": expected_calibration_error(probabilities, truth),
        f"{name}_sure_coverage": float(sure.mean()),
        f"{name}_sure_accuracy": float(right[sure].mean()) if sure.any() else None,
    }


def evaluate(data: Path, folder: Path = MODELS) -> Figures:
    """All figures of the served files in one object; `n` counts the pictures behind each."""
    manifest = Manifest.load(folder)
    parts = [
        judge(data, Classifier(name, manifest), manifest.networks[name].sure_from)
        for name, judge in (("emotion", evaluate_emotion), ("gender", evaluate_gender))
    ]
    figures = {k: v for part in parts for k, v in part.items() if k != "n"}
    return figures | {"n": {k: v for part in parts for k, v in part["n"].items()}}


def main(argv: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the data packs")
    parser.add_argument("--models", type=Path, default=MODELS, help="folder of the weights")
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    arguments = parser.parse_args(argv)
    figures = evaluate(arguments.data, arguments.models)
    details = {key: figures.pop(key) for key in ("confusion", "groups")}
    for name, value in figures.items():
        if isinstance(value, float):
            print(f"{name:28} {value:.4f}  n = {figures['n'][name]}")
    for group, value in sorted(details["groups"].items(), key=lambda item: item[1]):
        print(f"  {group:26} {value:.3f}")
    if arguments.json:
        print(json.dumps({k: _rounded(v) for k, v in figures.items()}))


def _rounded(value: object) -> object:
    return round(value, 4) if isinstance(value, float) else value


if __name__ == "__main__":
    main()
