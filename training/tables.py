"""A report's numbers as Markdown tables, for the model cards and for the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from training.reports import Report

Row = Mapping[str, Any]
_SMALLEST_GROUP = 20
_WORST = 5

# Every figure that there can be, in the order of a card.
MEANING = {
    "fer2013_private_accuracy": "FER2013 PrivateTest, its own seven labels",
    "fer2013_private_without_twins_accuracy": "the same without pictures that have a twin in "
    "another split",
    "fer2013_from_eight_accuracy": "the same from the eight probabilities that are served",
    "fer2013_macro_f1": "mean F1 of the seven labels",
    "ferplus_test_accuracy": "FER+ test, the crowd's most-voted of eight, all usable pictures",
    "ferplus_majority_accuracy": "the same where more than half of the votes agree, as in the "
    "FER+ paper",
    "ferplus_test_without_twins_accuracy": "the first without pictures that have a twin in "
    "another split",
    "ferplus_macro_f1": "mean F1 of the eight expressions",
    "ferplus_ece": "calibration error against the most-voted expression, 15 bins",
    "ferplus_crowd_ece": "calibration error against the share of the crowd that said the same",
    "ferplus_crowd_cross_entropy": "against the crowd's distribution, in nats",
    "ferplus_crowd_divergence": "the same less the crowd's own entropy (Kullback-Leibler)",
    "ferplus_sure_coverage": "share of answers that count as sure",
    "ferplus_sure_accuracy": "of those, right",
    "ferplus_unsure_top2_accuracy": "of the others, right with one of the two best guesses",
    "fairface_val_accuracy": "FairFace validation, two words",
    "fairface_worst_gap": "how far the worst group of one race and gender lies below that",
    "fairface_macro_f1": "mean F1 of the two words",
    "fairface_ece": "calibration error, 15 bins",
    "fairface_sure_coverage": "share of answers that count as sure",
    "fairface_sure_accuracy": "of those, right",
}


def figures(metrics: Mapping[str, float | None], report: Report) -> str:
    """All figures, with their interval where they are shares of counted pictures."""
    known = [key for key in MEANING if key in metrics]
    rows = []
    for key in [*known, *(key for key in metrics if key not in MEANING)]:
        interval = report.get("intervals", {}).get(key)
        span = f"{interval[0]:.3f} to {interval[1]:.3f}" if interval else ""
        n = report.get("n", {}).get(key, "")
        rows.append([f"`{key}`", _number(metrics[key], 4), span, n, MEANING.get(key, "")])
    return table(["figure", "value", "95 % interval", "pictures", "what it is"], rows)


def classes(rows: Sequence[Row], asked: str) -> str:
    """Precision, recall and F1 of each label; `asked` says whose word is taken for right."""
    body = [
        [row["label"], row["n"], *(_number(row[key]) for key in ("precision", "recall", "f1"))]
        for row in rows
    ]
    return table([asked, "pictures", "precision", "recall", "F1"], body)


def confusion(shape: Mapping[str, Any]) -> str:
    """Counts: what is right in rows, what was answered in columns."""
    rows = [
        [label, *counts] for label, counts in zip(shape["labels"], shape["counts"], strict=True)
    ]
    return table(["right / answered", *shape["labels"]], rows)


def groups(rows: Iterable[Row], heading: str) -> str:
    """Accuracy of each group with its interval."""
    body = [
        [row["group"], row["n"], _number(row["accuracy"]), f"{row['low']:.3f} to {row['high']:.3f}"]
        for row in rows
    ]
    return table([heading, "pictures", "accuracy", "95 % interval"], body)


def worst(rows: Iterable[Row]) -> list[Row]:
    """The groups with the lowest accuracy among those large enough to say anything."""
    large = [row for row in rows if row["n"] >= _SMALLEST_GROUP]
    return sorted(large, key=lambda row: float(row["accuracy"]))[:_WORST]


def robustness(rows: Iterable[Row]) -> str:
    """What is left of the accuracy after each change, and what "sure" is worth then."""
    body = [
        [
            row["change"].replace("_", " "),
            row["meaning"],
            _number(row["accuracy"]),
            f"{row['loss_points']:.1f}",
            _number(row["sure_coverage"]),
            _number(row["sure_accuracy"]),
        ]
        for row in rows
    ]
    return table(["pictures", "change", "accuracy", "points lost", "sure", "of those right"], body)


def text(name: str, report: Report) -> str:
    """What a person wants to see of a new measurement, for the terminal."""
    parts = [f"# {name}", figures(report["figures"], report)]
    parts += [classes(rows, f"{key}, right") for key, rows in report["per_class"].items()]
    parts += [
        groups(rows, key)
        for key, rows in report.get("groups", {}).items()
        if key != "race_gender_age"
    ]
    parts.append(robustness(report["robustness"]))
    cost = report["cost"]
    parts.append(
        f"{cost['ms_per_face']:.2f} ms per face (one a call, one thread), {cost['bytes']:,} bytes, "
        f"{cost['parameters'] or 'unknown'} parameters"
    )
    return "\n\n".join(parts) + "\n"


def table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def _number(value: float | None, digits: int = 3) -> str:
    return "-" if value is None else f"{value:.{digits}f}"
