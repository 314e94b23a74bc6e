from __future__ import annotations

import numpy as np
import pytest

from training.calibration import expected_calibration_error, softmax, sure_from, temperature


def drawn(scale: float) -> tuple[np.ndarray, np.ndarray]:
    """Logits that are `scale` times too sure, and labels drawn from the true distribution."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (20000, 4))
    true = softmax(logits)
    labels = (true.cumsum(1) > rng.random((len(true), 1))).argmax(1)
    return logits * scale, labels


@pytest.mark.parametrize("scale", [0.5, 1.0, 2.5])
def test_the_temperature_undoes_over_and_under_confidence(scale: float) -> None:
    logits, labels = drawn(scale)
    assert temperature(logits, labels) == pytest.approx(scale, rel=0.06)


def test_the_error_of_honest_probabilities_is_small_and_of_boasting_ones_large() -> None:
    logits, labels = drawn(1.0)
    assert expected_calibration_error(softmax(logits), labels) < 0.02
    assert expected_calibration_error(softmax(logits * 4), labels) > 0.1


def test_above_the_threshold_answers_are_as_right_as_asked() -> None:
    logits, labels = drawn(1.0)
    probabilities = softmax(logits)
    threshold = sure_from(probabilities, labels, 0.9)
    above = probabilities.max(1) >= threshold
    assert (probabilities.argmax(1) == labels)[above].mean() >= 0.9
    assert 0.25 < threshold < 1


def test_a_network_that_is_never_right_is_never_sure() -> None:
    probabilities = np.tile([0.9, 0.1], (10, 1))
    assert sure_from(probabilities, np.ones(10, int), 0.9) == 1.0
