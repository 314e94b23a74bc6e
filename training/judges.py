"""What each network is asked on the test splits, and what is made of its answers.

FER2013's PrivateTest and FairFace's validation files are read here and nowhere else in training.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training import measures
from training.calibration import expected_calibration_error
from training.datasets import FER2013_LABELS, FER_PRIVATE, FairFace, Fer, load_fairface, load_fer
from training.reports import Report
from utils.classifiers import Classifier
from utils.labels import EMOTIONS, GENDERS
from utils.preprocessor import CropSpec, Image, resize_square, to_input

Probabilities = NDArray[np.float64]
_BATCH = 256
_FAIRFACE_VAL_PX = 112
_SEVEN_IN_EIGHT = [EMOTIONS.index(label) for label in FER2013_LABELS]


@dataclass(frozen=True)
class Judged:
    """A report, and the pictures (n, s, s[, 3]) with the class_ids (n,) it was made on."""

    report: Report
    images: NDArray[np.uint8]
    truth: NDArray[np.int64]


def predict(
    classifier: Classifier,
    images: NDArray[np.uint8],
    *,
    output: int = 0,
    cut: Callable[[Image, CropSpec], Image] = resize_square,
) -> Probabilities:
    """Probabilities (n, classes) for square uint8 pictures already framed as in training."""
    rows = []
    for start in range(0, len(images), _BATCH):
        crops = [cut(image, classifier.crop) for image in images[start : start + _BATCH]]
        rows.append(classifier.probabilities(to_input(crops, classifier.crop), output=output))
    return np.concatenate(rows).astype(np.float64)


def judge_emotion(data: Path, classifier: Classifier, sure_from: float) -> Judged:
    """Figures on PrivateTest: FER2013's seven labels, and the FER+ crowd over eight.

    `ferplus_test_accuracy` takes the most-voted expression of every usable picture, which is
    stricter than the literature: `ferplus_majority_accuracy` takes, as the FER+ paper's script
    does, only pictures where more than half of the votes agree.
    """
    fer = load_fer(data)
    private = fer.usage == FER_PRIVATE
    images, usable, fresh = (
        fer.images[private],
        fer.usable()[private],
        ~fer.has_seen_twin[private],
    )
    eight = predict(classifier, images)
    seven, own_head = _seven(classifier, images, eight)
    label, crowd = fer.label[private], fer.crowd()[private][usable]
    most_voted = np.asarray(crowd.argmax(1), np.int64)
    right_seven, right_eight = seven.argmax(1) == label, eight[usable].argmax(1) == most_voted
    accuracies = {
        "fer2013_private_accuracy": right_seven,
        "fer2013_private_without_twins_accuracy": right_seven[fresh],
        "fer2013_from_eight_accuracy": eight[:, _SEVEN_IN_EIGHT].argmax(1) == label,
        "ferplus_test_accuracy": right_eight,
        "ferplus_test_without_twins_accuracy": right_eight[fresh[usable]],
        "ferplus_majority_accuracy": right_eight[_majority(fer)[private][usable]],
    }
    report = _quality("ferplus", eight[usable], most_voted, sure_from)
    _add(report, accuracies)
    _add_classes(report, "ferplus", labels=EMOTIONS, answers=eight[usable], truth=most_voted)
    _add_classes(report, "fer2013", labels=FER2013_LABELS, answers=seven, truth=label)
    _add_crowd(report, eight[usable], crowd)
    report["fer2013_head"] = own_head
    return Judged(report, images[usable], most_voted)


def judge_gender(data: Path, classifier: Classifier, sure_from: float) -> Judged:
    """Figures on FairFace's validation files, and the accuracy of each group in them.

    `fairface_worst_gap` is how far the worst group of one race and gender lies below the accuracy
    on all pictures.
    """
    faces = load_fairface(data, "fairface_val_112.npz", _FAIRFACE_VAL_PX)
    answers = predict(classifier, faces.images)
    right = answers.argmax(1) == faces.gender
    report = _quality("fairface", answers, faces.gender, sure_from)
    _add(report, {"fairface_val_accuracy": right})
    _add_classes(report, "fairface", labels=GENDERS, answers=answers, truth=faces.gender)
    report["groups"] = _groups(faces, right)
    worst = min(report["groups"]["race_gender"], key=lambda row: float(row["accuracy"]))
    gap = report["figures"]["fairface_val_accuracy"] - worst["accuracy"]
    report["figures"]["fairface_worst_gap"] = gap
    report["n"]["fairface_worst_gap"] = len(right)
    return Judged(report, faces.images, faces.gender)


def _seven(
    classifier: Classifier, images: NDArray[np.uint8], eight: Probabilities
) -> tuple[Probabilities, bool]:
    """FER2013's seven labels, (n, 7), and whether the network has a head of its own for them.

    A network without one answers with its eight, of which FER2013 does not know contempt.
    """
    try:
        seven = predict(classifier, images, output=1)
    except IndexError:
        return eight[:, _SEVEN_IN_EIGHT], False
    if seven.shape[1] != len(FER2013_LABELS):
        return eight[:, _SEVEN_IN_EIGHT], False
    return seven, True


def _majority(fer: Fer) -> NDArray[np.bool_]:
    """Pictures (n,) where more than half of the votes agree, single votes dropped as outliers.

    The votes for "unknown" and "not a face" count as votes here (arXiv 1608.01041, its script).
    """
    kept = np.where(fer.votes > 1, fer.votes, 0)
    return np.asarray(fer.usable() & (kept.max(1) > kept.sum(1) / 2))


def _groups(faces: FairFace, right: NDArray[np.bool_]) -> dict[str, list[measures.Row]]:
    """Accuracy by race and gender, by age band, and by all three; FairFace's words."""
    race_gender = {
        f"{race}, {gender}": (faces.race == i) & (faces.gender == j)
        for i, race in enumerate(faces.race_names)
        for j, gender in enumerate(GENDERS)
    }
    ages = {name: faces.age == i for i, name in enumerate(faces.age_names)}
    every = {
        f"{who}, {age}": rows & of_age
        for who, rows in race_gender.items()
        for age, of_age in ages.items()
    }
    tables = {"race_gender": race_gender, "age": ages, "race_gender_age": every}
    return {name: measures.group_table(right, groups) for name, groups in tables.items()}


def _quality(
    name: str, answers: Probabilities, truth: NDArray[np.int64], sure_from: float
) -> Report:
    """Calibration and what "sure" is worth; a new report."""
    right, sure = answers.argmax(1) == truth, answers.max(1) >= sure_from
    report: Report = {
        "figures": {
            f"{name}_ece": expected_calibration_error(answers, truth),
            f"{name}_sure_coverage": float(sure.mean()),
        },
        "n": {f"{name}_ece": len(right), f"{name}_sure_coverage": len(right)},
        "intervals": {},
        "per_class": {},
        "confusion": {},
        "coverage": measures.coverage_curve(answers, truth),
        "reliability": {"label": measures.reliability(answers.max(1), right)},
    }
    _add(report, {f"{name}_sure_accuracy": right[sure]})
    if answers.shape[1] > 2:
        two = measures.top_two(answers, truth)
        _add(report, {f"{name}_unsure_top2_accuracy": two[~sure]})
    return report


def _add(report: Report, accuracies: dict[str, NDArray[np.bool_]]) -> None:
    for name, right in accuracies.items():
        report["figures"][name] = measures.accuracy(right)
        report["n"][name] = len(right)
        report["intervals"][name] = measures.wilson(int(right.sum()), len(right))


def _add_classes(
    report: Report,
    name: str,
    *,
    labels: tuple[str, ...],
    answers: Probabilities,
    truth: NDArray[np.int64],
) -> None:
    counts = measures.confusion(answers.argmax(1), truth, len(labels))
    rows = measures.per_class(counts, labels)
    report["per_class"][name] = rows
    report["confusion"][name] = {"labels": list(labels), "counts": counts.tolist()}
    report["figures"][f"{name}_macro_f1"] = measures.macro_f1(rows)
    report["n"][f"{name}_macro_f1"] = len(truth)


def _add_crowd(report: Report, answers: Probabilities, crowd: NDArray[np.float32]) -> None:
    """Confidence against the share of the crowd that gave the same answer (arXiv 2008.07426)."""
    agreeing = crowd[np.arange(len(crowd)), answers.argmax(1)]
    rows = measures.reliability(answers.max(1), agreeing)
    report["reliability"]["crowd"] = rows
    own = measures.cross_entropy(crowd, crowd)
    cross = measures.cross_entropy(answers, crowd)
    figures = {
        "ferplus_crowd_ece": measures.calibration_error(rows),
        "ferplus_crowd_cross_entropy": cross,
        "ferplus_crowd_divergence": cross - own,
    }
    report["figures"] |= figures
    report["n"] |= dict.fromkeys(figures, len(crowd))
