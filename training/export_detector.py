"""From a finished run of `training.train_detector` to what is served.

    python -m training.export_detector --data DIR [--runs runs] [--run NAME]

Writes detector.keras and detector.onnx into trained_models/ and the detector's entry of the
manifest. Its scores are calibrated on the validation photographs: a confidence of one half means
that half of such boxes are faces. `python -m benchmarks.detector` measures the result.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from training.detection.folded import folded
from training.detection.measures import matched
from training.detection.onnx_graph import save_onnx
from training.detection.photos import PACKS, Photo, load_photos
from training.packs import one_sentence, sha256_of
from utils.detector import Detector
from utils.manifest import MODELS, DetectorNetwork, Manifest

_FROM_LOGIT = -4.0
_STEPS = 200


def export(data: Path, run: Path, folder: Path = MODELS) -> DetectorNetwork:
    """Export the run's averaged network and return its entry. Raises `DatasetError`."""
    keras.mixed_precision.set_global_policy("float32")
    config = json.loads((run / "config.json").read_text(encoding="utf-8"))
    trained = keras.saving.load_model(run / "average.keras", compile=False)
    model = folded(trained, config["width"])
    files = [folder / "detector.keras", folder / "detector.onnx"]
    model.save(files[0])
    save_onnx(model, files[1])
    entry = DetectorNetwork(
        file=files[1].name,
        sha256={file.name: sha256_of(file) for file in files},
        config=config,
        data={pack: sha256_of(data / pack) for pack in (*PACKS, "fairface_64.npz")},
    )
    manifest = replace(Manifest.load(folder), detector=entry)
    slope, offset = calibrated(Detector(manifest), load_photos(data, "validation", None))
    entry = replace(entry, slope=round(slope, 3), offset=round(offset, 3))
    replace(manifest, detector=entry).save()
    return entry


def calibrated(detector: Detector, photos: list[Photo]) -> tuple[float, float]:
    """Slope and offset of the logistic regression of "is a face" on the score's logit."""
    outcomes = np.concatenate(
        [
            matched(detector.found(photo.image_rgb(), _FROM_LOGIT), photo.labels, 1.0, 0.0).outcomes
            for photo in photos
        ]
    )
    return logistic(outcomes[:, 0], outcomes[:, 1])


def logistic(x: NDArray[np.float64], truth: NDArray[np.float64]) -> tuple[float, float]:
    """Slope and offset that make the truth (n,), 0 or 1, likeliest; by Newton's method."""
    design, beta = np.stack([x, np.ones_like(x)], 1), np.zeros(2)
    for _ in range(_STEPS):
        p = 1 / (1 + np.exp(-design @ beta))
        hessian = design.T @ (design * (p * (1 - p))[:, None]) + 1e-9 * np.eye(2)
        step = np.linalg.solve(hessian, design.T @ (truth - p))
        beta += step
        if np.abs(step).max() < 1e-9:
            break
    return float(beta[0]), float(beta[1])


def main(argv: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of the data packs")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="where training wrote")
    parser.add_argument("--run", default="detector", help="name of the run")
    arguments = parser.parse_args(argv)
    with one_sentence():
        entry = export(arguments.data, arguments.runs / arguments.run)
    print(f"{entry.file}: slope {entry.slope}, offset {entry.offset}")


if __name__ == "__main__":
    main()
