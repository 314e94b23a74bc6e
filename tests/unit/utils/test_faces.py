from __future__ import annotations

import pytest

from utils.faces import Analysis, Face, Opinion
from utils.labels import EMOTIONS, GENDERS


def opinion(labels: tuple[str, ...], best: str, value: float = 0.65) -> Opinion:
    rest = (1 - value) / (len(labels) - 1)
    return Opinion(labels, tuple(value if label == best else rest for label in labels), sure=True)


def face(**changes: object) -> Face:
    values: dict = {
        "box_xyxy": (1, 2, 30, 40),
        "confidence": 0.9,
        "emotion": opinion(EMOTIONS, "fear"),
        "gender": opinion(GENDERS, "man"),
    }
    return Face(**(values | changes))


def test_an_opinion_names_its_most_probable_label() -> None:
    seen = opinion(EMOTIONS, "fear")
    assert (seen.label, seen.probability, seen.class_id) == ("fear", 0.65, 6)


@pytest.mark.parametrize("values", [(0.5, 0.4), (1.0,), (0.5, 0.25, 0.25), (float("nan"), 0.5)])
def test_what_is_no_distribution_is_refused(values: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="not a distribution"):
        Opinion(GENDERS, values, sure=True)


@pytest.mark.parametrize(
    ("shares", "sure", "named"),
    [
        ((0.1, 0.5, 0.4), True, (("b", 50),)),
        ((0.1, 0.5, 0.4), False, (("b", 50), ("c", 40))),
        ((0.45, 0.1, 0.45), False, (("a", 45), ("c", 45))),
        ((0.05, 0.85, 0.1), False, (("b", 85), ("c", 10))),
        ((0.054, 0.85, 0.096), False, (("b", 85),)),
        ((0.0004, 0.9992, 0.0004), True, (("b", 99),)),
    ],
)
def test_one_label_is_named_or_two_where_it_is_unsure(
    shares: tuple[float, ...], sure: bool, named: tuple[tuple[str, int], ...]
) -> None:
    assert Opinion(("a", "b", "c"), shares, sure=sure).candidates == named


@pytest.mark.parametrize(
    "changes",
    [
        {"box_xyxy": (-1, 0, 5, 5)},
        {"box_xyxy": (5, 5, 5, 9)},
        {"confidence": 1.2},
        {"emotion": opinion(GENDERS, "man")},
        {"gender": opinion(EMOTIONS, "fear")},
    ],
)
def test_a_face_is_checked_at_birth(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"not a face|labels"):
        face(**changes)


def test_the_json_shape_is_the_public_one() -> None:
    shape = Analysis((640, 480), (face(),), "semblance", "1", {"decode": 1.234}).as_json()
    assert shape["model"] == {"name": "semblance", "version": "1"}
    assert shape["size_wh"] == [640, 480]
    assert shape["ms"] == {"decode": 1.23}
    seen = shape["faces"][0]
    assert seen["box_xyxy"] == [1, 2, 30, 40]
    assert seen["emotion"]["label"] == "fear"
    assert list(seen["emotion"]["probabilities"]) == list(EMOTIONS)
    assert seen["gender"]["probabilities"] == {"woman": 0.35, "man": 0.65}


def test_without_gender_the_key_is_absent() -> None:
    assert "gender" not in face(gender=None).as_json()
