"""Honest probabilities: temperature (arXiv 1706.04599), calibration error, when to be sure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Probabilities = NDArray[np.float64]


def softmax(logits: NDArray[np.floating]) -> Probabilities:
    """Rows of logits (n, c) as distributions."""
    shifted = np.exp(np.asarray(logits, np.float64) - logits.max(1, keepdims=True))
    return np.asarray(shifted / shifted.sum(1, keepdims=True), np.float64)


def temperature(logits: NDArray[np.floating], class_ids: NDArray[np.integer]) -> float:
    """The divisor of the logits (n, c) with the least cross-entropy against the labels (n,).

    Against the label and not against a crowd's distribution: a person reads "80 %" as "right four
    times in five".
    """
    candidates = np.exp(np.linspace(np.log(0.3), np.log(4), 200))
    rows = np.arange(len(class_ids))
    losses = [
        float(-np.log(softmax(logits / value)[rows, class_ids] + 1e-12).mean())
        for value in candidates
    ]
    return float(candidates[int(np.argmin(losses))])


def expected_calibration_error(
    probabilities: NDArray[np.floating], class_ids: NDArray[np.integer], bins: int = 15
) -> float:
    """The mean distance between confidence and accuracy over equally wide bins, 0..1."""
    confidence = probabilities.max(1)
    right = probabilities.argmax(1) == class_ids
    bin_of = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [
        abs(right[bin_of == i].mean() - confidence[bin_of == i].mean()) * (bin_of == i).mean()
        for i in range(bins)
        if (bin_of == i).any()
    ]
    return float(sum(gaps))


def sure_from(
    probabilities: NDArray[np.floating], class_ids: NDArray[np.integer], accuracy: float
) -> float:
    """The lowest threshold at which the answers above it are right with at least `accuracy`.

    1.0 where no threshold reaches it: then the network is never sure.
    """
    confidence = probabilities.max(1)
    right = probabilities.argmax(1) == class_ids
    for threshold in np.arange(1 / probabilities.shape[1], 1, 0.01):
        above = confidence >= threshold
        if above.any() and right[above].mean() >= accuracy:
            return round(float(threshold), 2)
    return 1.0
