"""The pictures of a model card, drawn from its report: small PNG files without any face in them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from training.reports import Report

_DPI = 80
_BLUE, _ORANGE, _GRAY = "#2a6f97", "#e07a1f", "#8a8f94"
_SERVED = {"emotion": "ferplus", "gender": "fairface"}


def draw(name: str, report: Report, folder: Path) -> list[Path]:
    """Write `<name>-<what>.png` for each plot into `folder`; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = {what: folder / f"{name}-{what}.png" for what in PLOTS}
    for what, path in paths.items():
        _save(PLOTS[what], report, path)
    return list(paths.values())


def _save(plot: Callable[[Axes, Report], None], report: Report, path: Path) -> None:
    figure, axes = plt.subplots(figsize=(6.0, 4.5), dpi=_DPI, layout="constrained")
    plot(axes, report)
    # Without the library's version in it the same report always gives the same file.
    figure.savefig(path, metadata={"Software": None})
    plt.close(figure)


def _reliability(axes: Axes, report: Report) -> None:
    axes.plot([0, 1], [0, 1], color=_GRAY, linestyle=":", label="honest")
    words = {"label": "most-voted label", "crowd": "share of the crowd"}
    if "crowd" not in report["reliability"]:
        words["label"] = "label"
    for (key, rows), color in zip(report["reliability"].items(), (_BLUE, _ORANGE), strict=False):
        confidence = [row["confidence"] for row in rows]
        outcome = [row["outcome"] for row in rows]
        axes.plot(confidence, outcome, color=color, label=f"against the {words[key]}")
        sizes = [5 + 400 * row["n"] / sum(other["n"] for other in rows) for row in rows]
        axes.scatter(confidence, outcome, s=sizes, color=color, alpha=0.6)
    axes.set(xlabel="probability that is shown", ylabel="share that is right", xlim=(0, 1.02))
    axes.set_ylim(0, 1.02)
    axes.set_title("Reliability (larger dots: more pictures)")
    axes.legend(loc="upper left")


def _coverage(axes: Axes, report: Report) -> None:
    rows = report["coverage"]
    coverage = [row["coverage"] for row in rows]
    axes.plot(coverage, [row["accuracy"] for row in rows], color=_BLUE, marker=".")
    prefix = _SERVED[report["network"]]
    sure = [report["figures"][f"{prefix}_sure_{what}"] for what in ("coverage", "accuracy")]
    if sure[1] is not None:
        axes.plot(*sure, color=_ORANGE, marker="o", linestyle="", label="counts as sure")
        axes.legend(loc="lower left")
    axes.set(xlabel="share of the pictures that is answered", ylabel="accuracy of the answers")
    axes.set_title("Answering only the most confident ones")
    axes.grid(alpha=0.3)


def _confusion(axes: Axes, report: Report) -> None:
    shape = report["confusion"][_SERVED[report["network"]]]
    counts = np.array(shape["counts"])
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    places = range(len(shape["labels"]))
    axes.set_xticks(places, shape["labels"], rotation=40, ha="right")
    axes.set_yticks(places, shape["labels"])
    for i in places:
        for j in places:
            color = "white" if shares[i, j] > 0.5 else "black"
            label = f"{100 * shares[i, j]:.0f}"
            axes.text(j, i, label, ha="center", va="center", color=color, fontsize=9)
    axes.set(xlabel="answered", ylabel="right", title="Confusion, per cent of a row")


def _robustness(axes: Axes, report: Report) -> None:
    rows = report["robustness"][::-1]
    names = [row["change"].replace("_", " ") for row in rows]
    values = [row["accuracy"] for row in rows]
    bars = axes.barh(names, values, color=[_GRAY if n == "clean" else _BLUE for n in names])
    axes.bar_label(bars, [f"{value:.3f}" for value in values], padding=2, fontsize=8)
    axes.axvline(values[-1], color=_GRAY, linestyle=":")
    axes.set(xlabel="accuracy", xlim=(0, 1.1), title="The same pictures, changed")


def _groups(axes: Axes, report: Report) -> None:
    """Accuracy by race and gender; recall by expression where nothing is known of people."""
    if "groups" in report:
        rows, name, value = report["groups"]["race_gender"], "group", "accuracy"
        title = "By race and gender, 95 % interval"
    else:
        rows, name, value = report["per_class"]["ferplus"], "label", "recall"
        title = "Share found of each expression, 95 % interval"
    rows = sorted((row for row in rows if row["n"]), key=lambda row: float(row[value]))
    values = np.array([row[value] for row in rows])
    spread = np.array([[row[value] - row["low"], row["high"] - row[value]] for row in rows]).T
    spread = np.maximum(spread, 0)
    places = np.arange(len(rows))
    axes.errorbar(values, places, xerr=spread, color=_BLUE, fmt="o", capsize=3)
    axes.set_yticks(places, [f"{row[name]} ({row['n']})" for row in rows], fontsize=9)
    axes.set(xlabel=f"{value} (pictures in brackets)", title=title)
    axes.grid(axis="x", alpha=0.3)


PLOTS: dict[str, Callable[[Axes, Report], None]] = {
    "reliability": _reliability,
    "coverage": _coverage,
    "confusion": _confusion,
    "robustness": _robustness,
    "groups": _groups,
}
