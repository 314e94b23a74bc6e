"""What answers are worth, as plain numbers: functions of probabilities and of what is right.

Rows are dictionaries that go into a report as they are; a share that has no pictures behind it is
None, never zero.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Row = dict[str, Any]
Answers = NDArray[np.integer]
_Z_95 = 1.959964  # standard normal deviate of a two-sided 95 % interval


def wilson(right: int, n: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927): within 0..1, and honest for small n."""
    if n == 0:
        return 0.0, 1.0
    share, spread = right / n, _Z_95**2 / n
    middle = (share + spread / 2) / (1 + spread)
    half = _Z_95 / (1 + spread) * math.sqrt(share * (1 - share) / n + spread / (4 * n))
    # Exact ends, which rounding would miss.
    return (middle - half if right else 0.0), (middle + half if right < n else 1.0)


def accuracy(right: NDArray[np.bool_]) -> float | None:
    """The share of right answers, 0..1."""
    return float(right.mean()) if right.size else None


def group_table(right: NDArray[np.bool_], groups: Mapping[str, NDArray[np.bool_]]) -> list[Row]:
    """Accuracy with its interval for each group, named rows (n,); empty groups are left out."""
    table = []
    for name, rows in groups.items():
        n = int(rows.sum())
        if n:
            hits = int(right[rows].sum())
            low, high = wilson(hits, n)
            table.append({"group": name, "n": n, "accuracy": hits / n, "low": low, "high": high})
    return table


def confusion(answers: Answers, truth: Answers, classes: int) -> NDArray[np.int64]:
    """Counts (classes, classes): what is right in rows, what was answered in columns."""
    counts = np.zeros((classes, classes), np.int64)
    np.add.at(counts, (truth, answers), 1)
    return counts


def per_class(counts: NDArray[np.int64], labels: Sequence[str]) -> list[Row]:
    """Precision, recall (with its interval, `low` to `high`) and F1 of each label."""
    rows: list[Row] = []
    for i, label in enumerate(labels):
        hits, asked, answered = int(counts[i, i]), int(counts[i].sum()), int(counts[:, i].sum())
        low, high = wilson(hits, asked)
        rows.append(
            {
                "label": label,
                "n": asked,
                "precision": hits / answered if answered else None,
                "recall": hits / asked if asked else None,
                "low": low,
                "high": high,
                "f1": 2 * hits / (asked + answered) if asked + answered else None,
            }
        )
    return rows


def macro_f1(rows: Sequence[Row]) -> float:
    """The mean F1 over the labels that occur: a rare expression counts like a common one."""
    return float(np.mean([row["f1"] for row in rows if row["n"]]))


def coverage_curve(
    probabilities: NDArray[np.floating], truth: Answers, points: int = 20
) -> list[Row]:
    """Accuracy when only the most confident share of the pictures is answered."""
    confidence = probabilities.max(1)
    order = np.argsort(-confidence, kind="stable")
    right = (probabilities.argmax(1) == truth)[order]
    rows = []
    for step in range(1, points + 1):
        n = max(1, round(len(right) * step / points))
        rows.append(
            {
                "coverage": n / len(right),
                "accuracy": accuracy(right[:n]),
                "threshold": float(confidence[order[n - 1]]),
            }
        )
    return rows


def reliability(
    confidence: NDArray[np.floating], outcome: NDArray[Any], bins: int = 15
) -> list[Row]:
    """Mean confidence and mean outcome (n,) in equally wide bins of confidence.

    The outcome is right or wrong against one label, or the share of a crowd that gave the same
    answer (several answers can be right for one face; arXiv 2008.07426).
    """
    bin_of = np.minimum((confidence * bins).astype(int), bins - 1)
    return [
        {
            "n": int((bin_of == i).sum()),
            "confidence": float(confidence[bin_of == i].mean()),
            "outcome": float(outcome[bin_of == i].mean()),
        }
        for i in range(bins)
        if (bin_of == i).any()
    ]


def calibration_error(rows: Sequence[Row]) -> float:
    """The mean distance between confidence and outcome of a reliability table, 0..1."""
    total = sum(row["n"] for row in rows)
    return float(sum(row["n"] * abs(row["confidence"] - row["outcome"]) for row in rows) / total)


def cross_entropy(probabilities: NDArray[np.floating], crowd: NDArray[np.floating]) -> float:
    """Mean cross-entropy in nats of the answers (n, c) against a crowd's distributions (n, c)."""
    return float(-(crowd * np.log(probabilities + 1e-12)).sum(1).mean())


def top_two(probabilities: NDArray[np.floating], truth: Answers) -> NDArray[np.bool_]:
    """Whether what is right is one of the two most probable answers, (n,)."""
    best = np.argsort(-probabilities, axis=1)[:, :2]
    return np.asarray((best == truth[:, None]).any(1))
