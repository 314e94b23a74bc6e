"""How well, how fairly and how fast faces are found, beside a Haar cascade and YuNet.

    python -m benchmarks.detector --data DIR [--json] [--write] [--sheet faces.png]

DIR holds the data packs. Recall, precision and AP (at an overlap of a half) are those of the fifth
of the photographs that was never trained on, for faces of at least 24 pixels where the picture's
long side is 640; `recall` is the one at a precision of 80 %, every other figure belongs to the
score from which boxes are served. Times are those of one core for every photograph enlarged to
1280x960, with everything between the picture and the boxes. YuNet takes part where its file lies
beside the packs. With --json the last line is one object: each detector's name to its figures.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from benchmarks import detector_card, detector_sheet
from benchmarks.finding import accuracy, selfies
from benchmarks.finding_fairly import found_by_group, group_sizes, landmark_error
from benchmarks.rivals import Rival, rivals
from training.detection.photos import Photo, load_photos
from training.detection.teacher import FILE, Teacher
from training.footprint import parameters
from training.packs import one_sentence
from utils.manifest import MODELS, Manifest

Figures = dict[str, float | None]
_TIMED_WH = (1280, 960)
_SHOWN = (
    *("ms", "p99_ms", "recall", "precision", "ap", "recall_huge", "recall_masked"),
    *("selfies", "false_alarms_per_photo", "fairface_found", "fairface_worst_group"),
)


def measure(data: Path, only: Sequence[str] = ()) -> dict[str, Figures]:
    """The figures of every detector, or of those named. Raises `DatasetError`."""
    teacher = Teacher(data) if (data / FILE).is_file() else None
    photos = load_photos(data, "evaluation", teacher)
    everyone = rivals(data)
    chosen = {name: everyone[name] for name in only or everyone}
    results: dict[str, Figures] = dict(times(chosen, photos))
    for name, rival in chosen.items():
        results[name].update(_measured(name, rival, photos, data))
        if teacher:
            results[name]["fairface_landmark_error"] = landmark_error(rival, teacher, data)
    full = results.get("haar_full", {}).get("ms")
    for figures in results.values():
        if full and figures["ms"]:
            figures["times_faster_than_haar_full"] = full / figures["ms"]
    return {name: _rounded(figures) for name, figures in results.items()}


def _measured(name: str, rival: Rival, photos: Sequence[Photo], data: Path) -> Figures:
    return {
        **accuracy(rival, photos, name),
        "selfies": selfies(rival, photos),
        **found_by_group(rival, data),
    }


def times(chosen: Mapping[str, Rival], photos: Sequence[Photo]) -> dict[str, Figures]:
    """Milliseconds for every photograph at 1280x960: median, 95th and 99th percentile.

    All detectors look at a photograph before the next one comes, so that what else the machine does
    costs all of them alike.
    """
    spent: dict[str, list[float]] = {name: [] for name in chosen}
    for photo in tqdm(photos, "times", leave=False, disable=None):
        image = cv2.resize(photo.image_rgb(), _TIMED_WH, interpolation=cv2.INTER_CUBIC)
        for name, rival in chosen.items():
            start = time.perf_counter()
            rival.find(np.asarray(image, np.uint8))
            spent[name].append((time.perf_counter() - start) * 1000)
    return {name: _percentiles(each) for name, each in spent.items()}


def _percentiles(spent: Sequence[float]) -> Figures:
    median, p95, p99 = np.percentile(spent, (50, 95, 99))
    return {"ms": float(median), "p95_ms": float(p95), "p99_ms": float(p99)}


def write(data: Path, results: Mapping[str, Figures]) -> None:
    """Store the figures beside the weights and in the manifest, and write the model card."""
    manifest = Manifest.load()
    if manifest.detector is None or "ours" not in results:
        raise SystemExit("--write needs the figures of `ours`")
    metrics = {key: value for key, value in results["ours"].items() if value is not None}
    entry = replace(manifest.detector, metrics=metrics)
    replace(manifest, detector=entry).save()
    file = MODELS / entry.file
    sizes = {"bytes": file.stat().st_size, "parameters": parameters(file) or 0}
    detector_card.write_card(entry, results, {**sizes, **group_sizes(data)}, MODELS)


def table(results: Mapping[str, Figures]) -> str:
    """The most asked-for figures as text, a detector a row."""
    head = f"{'':13}" + "".join(f"{name[:12]:>13}" for name in _SHOWN)
    rows = [
        f"{name:13}"
        + "".join(f"{'-' if v is None else f'{v:.3f}':>13}" for v in map(figures.get, _SHOWN))
        for name, figures in results.items()
    ]
    return "\n".join([head, *rows])


def _rounded(figures: Figures) -> Figures:
    """Four digits; what could not be measured is null, as JSON knows no NaN."""
    return {
        key: None if value is None or not np.isfinite(value) else round(value, 4)
        for key, value in figures.items()
    }


def main(argv: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of the data packs")
    parser.add_argument("--only", nargs="+", default=(), help="names of detectors")
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    parser.add_argument("--write", action="store_true", help="store them, and the model card")
    parser.add_argument("--sheet", type=Path, help="draw hits, misses and false alarms of ours")
    arguments = parser.parse_args(argv)
    cv2.setNumThreads(1)
    with one_sentence():
        results = measure(arguments.data, arguments.only)
        print(table(results))
        if arguments.write:
            write(arguments.data, results)
        if arguments.sheet:
            photos = load_photos(arguments.data, "evaluation", None)
            detector_sheet.draw(rivals(None)["ours"], photos).save(arguments.sheet)
            print(f"hits green, misses red, false alarms blue: {arguments.sheet}")
    if arguments.json:
        print(json.dumps(results))


if __name__ == "__main__":
    main()
