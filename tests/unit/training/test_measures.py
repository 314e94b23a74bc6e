from __future__ import annotations

import numpy as np
import pytest

from training import measures
from training.calibration import expected_calibration_error, softmax
from utils.labels import GENDERS


def drawn(n: int = 3000, classes: int = 4) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return softmax(rng.normal(0, 2, (n, classes))), rng.integers(0, classes, n)


@pytest.mark.parametrize(
    ("right", "n", "low", "high"),
    [(8, 10, 0.4902, 0.9433), (0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (0, 0, 0.0, 1.0)],
)
def test_the_interval_is_wilsons(right: int, n: int, low: float, high: float) -> None:
    assert measures.wilson(right, n) == pytest.approx((low, high), abs=5e-5)


def test_groups_have_a_count_and_an_interval_and_empty_ones_are_left_out() -> None:
    right = np.array([True, True, False, True])
    rows = {"a": np.array([1, 1, 1, 0], bool), "b": np.zeros(4, bool)}
    (row,) = measures.group_table(right, rows)
    assert (row["group"], row["n"], row["accuracy"]) == ("a", 3, pytest.approx(2 / 3))
    assert row["low"] < row["accuracy"] < row["high"]


def test_precision_and_recall_come_from_columns_and_rows() -> None:
    truth, answers = np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1])
    counts = measures.confusion(answers, truth, 2)
    assert counts.tolist() == [[2, 1], [0, 1]]
    woman, man = measures.per_class(counts, GENDERS)
    assert (woman["precision"], woman["recall"], woman["f1"]) == pytest.approx((1, 2 / 3, 0.8))
    assert (man["precision"], man["recall"], man["f1"]) == pytest.approx((0.5, 1, 2 / 3))
    assert measures.macro_f1([woman, man]) == pytest.approx((0.8 + 2 / 3) / 2)


def test_a_label_that_does_not_occur_has_no_figures_and_does_not_count() -> None:
    rows = measures.per_class(np.array([[3, 0], [0, 0]]), GENDERS)
    assert rows[1]["precision"] is rows[1]["recall"] is rows[1]["f1"] is None
    assert measures.macro_f1(rows) == 1


def test_the_coverage_curve_ends_at_the_accuracy_of_all_and_starts_with_the_surest() -> None:
    probabilities, _ = drawn()
    truth = np.where(probabilities.max(1) > 0.6, probabilities.argmax(1), 9)
    curve = measures.coverage_curve(probabilities, truth)
    assert curve[0]["accuracy"] == 1
    assert curve[-1]["coverage"] == 1
    assert curve[-1]["accuracy"] == pytest.approx((truth != 9).mean())
    assert [row["threshold"] for row in curve] == sorted(
        (row["threshold"] for row in curve), reverse=True
    )


def test_the_reliability_table_holds_the_calibration_error() -> None:
    probabilities, truth = drawn()
    rows = measures.reliability(probabilities.max(1), probabilities.argmax(1) == truth)
    assert sum(row["n"] for row in rows) == len(truth)
    expected = expected_calibration_error(probabilities, truth)
    assert measures.calibration_error(rows) == pytest.approx(expected)


def test_answers_that_are_the_crowds_own_have_no_divergence_and_no_error() -> None:
    crowd, _ = drawn()
    agreeing = crowd.max(1)
    assert measures.calibration_error(measures.reliability(crowd.max(1), agreeing)) < 1e-12
    wrong = np.roll(crowd, 1, axis=1)
    assert measures.cross_entropy(crowd, crowd) < measures.cross_entropy(wrong, crowd)


def test_one_of_the_two_best_guesses() -> None:
    probabilities = np.array([[0.5, 0.3, 0.2], [0.5, 0.3, 0.2]])
    assert measures.top_two(probabilities, np.array([1, 2])).tolist() == [True, False]
