"""Measure the served files on the test splits, and write down what came out.

Needs ONNX Runtime and the data packs, no TensorFlow. Prints every figure; --write stores them in
`<name>.report.json` and plots beside the weights, in the manifest and in the model card;
--tables markdown writes the cards again from what is stored, and measures nothing. With --json the
last line is one object: accuracies, errors and shares 0..1, and `n`, the pictures behind each.

`fairface_worst_gap` is how far the worst group of one race and gender lies below the accuracy on
all pictures; `ferplus_test_accuracy` takes the most-voted expression of every usable picture.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from training import footprint, model_card, reports, tables
from training.judges import Judged, judge_emotion, judge_gender, predict
from training.packs import DatasetError
from training.reports import Report
from training.robustness import robustness
from utils.classifiers import Classifier
from utils.errors import ModelError
from utils.manifest import MODELS, Manifest

__all__ = ["Figures", "better", "evaluate", "main", "measure", "predict", "publish"]

Figures = dict[str, Any]
JUDGES = {"emotion": judge_emotion, "gender": judge_gender}
# What others rely on; a figure that was not measured is null.
KEYS = (
    "fer2013_private_accuracy",
    "ferplus_test_accuracy",
    "ferplus_ece",
    "ferplus_sure_coverage",
    "ferplus_sure_accuracy",
    "fairface_val_accuracy",
    "fairface_worst_gap",
    "fairface_ece",
)
# What a new network is compared by; 1: more is better. What "sure" covers is left out: it follows
# from the accuracy that was asked of sure answers.
_COMPARED = {
    "emotion": {"fer2013_private_accuracy": 1, "ferplus_test_accuracy": 1, "ferplus_ece": -1},
    "gender": {"fairface_val_accuracy": 1, "fairface_worst_gap": -1, "fairface_ece": -1},
}
_TOLERANCE = 0.005


def evaluate_emotion(data: Path, classifier: Classifier, sure_from: float) -> Figures:
    """The emotion network's figures, and `n`; the report's tables are left out."""
    return _figures(judge_emotion(data, classifier, sure_from).report)


def evaluate_gender(data: Path, classifier: Classifier, sure_from: float) -> Figures:
    """The gender network's figures, and `n`; the report's tables are left out."""
    return _figures(judge_gender(data, classifier, sure_from).report)


def evaluate(data: Path, folder: Path = MODELS) -> Figures:
    """All figures of the served files in one object; `n` counts the pictures behind each."""
    manifest = Manifest.load(folder)
    found = []
    for name in _names(manifest):
        sure_from = manifest.networks[name].sure_from
        found.append(JUDGES[name](data, Classifier(name, manifest), sure_from).report)
    return _together(found)


def measure(name: str, data: Path, folder: Path = MODELS) -> Report:
    """Everything that is known of a network by its answers, ready for JSON; writes nothing."""
    manifest = Manifest.load(folder)
    network = manifest.networks[name]
    classifier = Classifier(name, manifest)
    judged = JUDGES[name](data, classifier, network.sure_from)
    file = folder / network.file
    report: Report = {
        "network": name,
        "sha256": network.sha256[network.file],
        **judged.report,
        "robustness": robustness(classifier, judged.images, judged.truth, network.sure_from),
        "cost": {
            "ms_per_face": footprint.ms_per_face(classifier),
            "bytes": file.stat().st_size,
            "parameters": footprint.parameters(file),
        },
    }
    int8 = _int8(name, manifest, judged)
    if int8:
        report["int8"] = int8
    return dict(reports.rounded(report))


def publish(
    name: str, data: Path, folder: Path = MODELS, training: Mapping[str, Any] | None = None
) -> Figures:
    """Measure the network in `folder`; write its report, plots, metrics and model card there.

    `training` is what is known of the run (`hours`, `machine`, `energy_kwh`, `commands`); without
    it, what an earlier report says of the same weights is kept.
    """
    from training.plots import draw

    report = measure(name, data, folder)
    earlier = reports.read(name, folder)
    if training is None and earlier.get("sha256") == report["sha256"]:
        training = earlier.get("training")
    if training:
        report["training"] = dict(training)
    manifest = Manifest.load(folder)
    metrics = {key: value for key, value in report["figures"].items() if value is not None}
    network = replace(manifest.networks[name], metrics=metrics)
    replace(manifest, networks={**manifest.networks, name: network}).save()
    reports.write(name, report, folder)
    draw(name, report, folder / "plots")
    model_card.write_card(name, network, folder)
    return _figures(report)


def better(new: Figures, old: Mapping[str, float], name: str) -> list[str]:
    """What `old` is better at than `new` by more than half a point, a sentence each."""
    sentences = []
    for key, sign in _COMPARED[name].items():
        before, after = old.get(key), new.get(key)
        if before is None or after is None:
            continue
        if sign * (before - after) > _TOLERANCE + 1e-9:
            verb = "fall" if sign > 0 else "rise"
            sentences.append(f"{key} would {verb} from {before:.4f} to {after:.4f}")
    return sentences


def _int8(name: str, manifest: Manifest, judged: Judged) -> dict[str, Any] | None:
    """What the small variant loses against the served file, where there is one."""
    network = manifest.networks[name]
    file = f"{name}.int8.onnx"
    if file not in network.sha256:
        return None
    networks = {**manifest.networks, name: replace(network, file=file)}
    variant = Classifier(name, replace(manifest, networks=networks))
    right = predict(variant, judged.images).argmax(1) == judged.truth
    key = {"emotion": "ferplus_test_accuracy", "gender": "fairface_val_accuracy"}[name]
    accuracy = float(right.mean())
    return {
        "bytes": (manifest.folder / file).stat().st_size,
        "accuracy": accuracy,
        "loss_points": 100 * (judged.report["figures"][key] - accuracy),
    }


def _figures(report: Report) -> Figures:
    return {**report["figures"], "n": dict(report["n"])}


def _together(found: Iterable[Report]) -> Figures:
    figures: Figures = {}
    n: dict[str, int] = {}
    for report in found:
        figures |= report["figures"]
        n |= report["n"]
    return {**figures, "n": n}


def main(argv: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, help="folder of the data packs")
    parser.add_argument("--models", type=Path, default=MODELS, help="folder of the weights")
    parser.add_argument("--only", choices=sorted(JUDGES), help="one network instead of all")
    parser.add_argument("--write", action="store_true", help="store report, plots, metrics, card")
    parser.add_argument(
        "--tables", choices=["markdown"], help="write the cards again from what is stored"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    arguments = parser.parse_args(argv)
    if not arguments.data and not arguments.tables:
        parser.error("--data is needed to measure; --tables markdown works without it")
    try:
        if arguments.tables:
            _write_cards(arguments.models, arguments.only)
        else:
            _measure_all(arguments)
    except (ModelError, DatasetError) as error:
        raise SystemExit(str(error)) from None


def _measure_all(arguments: argparse.Namespace) -> None:
    found: list[Report] = []
    for name in _names(Manifest.load(arguments.models), arguments.only):
        if arguments.write:
            publish(name, arguments.data, arguments.models)
            found.append(reports.read(name, arguments.models))
        else:
            found.append(measure(name, arguments.data, arguments.models))
        print(tables.text(name, found[-1]))
    if arguments.json:
        measured = _together(found)
        n = measured.pop("n")
        figures = {**dict.fromkeys(KEYS), **measured}
        print(json.dumps({**figures, "n": {key: n.get(key) for key in figures}}))


def _write_cards(folder: Path, only: str | None) -> None:
    manifest = Manifest.load(folder)
    for name in _names(manifest, only):
        model_card.write_card(name, manifest.networks[name], folder)
        print(folder / f"{name}.md")


def _names(manifest: Manifest, only: str | None = None) -> list[str]:
    """The networks that can be judged, of those that a manifest knows. Raises `ModelError`."""
    names = [name for name in JUDGES if name in manifest.networks and only in (None, name)]
    if only and not names:
        raise ModelError(f"the manifest in {manifest.folder} knows no network {only!r}")
    return names


if __name__ == "__main__":
    main()
