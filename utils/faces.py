"""What an analysis says: a `Face` a person, an `Analysis` a picture; frozen, checked at birth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from utils.labels import EMOTIONS, GENDERS

Box = tuple[int, int, int, int]
# x and y of the eye on the left of the picture, the right one, nose, corners of the mouth.
Landmarks = tuple[tuple[float, float], ...]
_PLAUSIBLE_FROM = 0.1


class Candidate(NamedTuple):
    """A label that an opinion holds for likely; `percent` is 0..99, as nothing is ever certain."""

    label: str
    percent: int


@dataclass(frozen=True)
class Opinion:
    """One network's view of one face: probabilities in the order of `labels`, summing to 1.

    `sure` is the network's own threshold (manifest) applied to its best probability.
    """

    labels: tuple[str, ...]
    probabilities: tuple[float, ...]
    sure: bool

    def __post_init__(self) -> None:
        same = len(self.labels) == len(self.probabilities)
        # Written so that NaN is refused: it compares as false with everything.
        if not (same and abs(sum(self.probabilities) - 1) <= 1e-3):
            raise ValueError(f"not a distribution over {self.labels}: {self.probabilities}")

    @property
    def class_id(self) -> int:
        """Index of the most probable label."""
        return self.probabilities.index(max(self.probabilities))

    @property
    def label(self) -> str:
        """The most probable label."""
        return self.labels[self.class_id]

    @property
    def probability(self) -> float:
        """Probability of the most probable label, 0..1."""
        return self.probabilities[self.class_id]

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """What to name to people, likeliest first: one label, or two where it is unsure.

        A second one that is hardly likelier than the rest would only pretend to be an answer.
        """
        likely = sorted(zip(self.labels, self.probabilities, strict=True), key=lambda one: -one[1])
        second_is_plausible = not self.sure and likely[1][1] >= _PLAUSIBLE_FROM
        named = likely[: 2 if second_is_plausible else 1]
        return tuple(Candidate(label, min(99, round(100 * value))) for label, value in named)

    def as_json(self) -> dict[str, Any]:
        """The shape of the public API."""
        every = zip(self.labels, self.probabilities, strict=True)
        return {
            "label": self.label,
            "probability": round(self.probability, 4),
            "sure": self.sure,
            "probabilities": {label: round(value, 4) for label, value in every},
        }


@dataclass(frozen=True)
class Face:
    """A face: `box_xyxy` in pixels of the turned picture, detection confidence 0..1, opinions.

    `gender` is None where the operator switched it off; `landmarks` may lie outside of the picture.
    """

    box_xyxy: Box
    confidence: float
    emotion: Opinion
    gender: Opinion | None = None
    landmarks: Landmarks = ()

    def __post_init__(self) -> None:
        x0, y0, x1, y1 = self.box_xyxy
        if not (0 <= x0 < x1 and 0 <= y0 < y1 and 0 <= self.confidence <= 1):
            raise ValueError(f"not a face: box {self.box_xyxy}, confidence {self.confidence}")
        if self.emotion.labels != EMOTIONS:
            raise ValueError("an emotion opinion has the labels of utils.labels.EMOTIONS")
        if self.gender is not None and self.gender.labels != GENDERS:
            raise ValueError("a gender opinion has the labels of utils.labels.GENDERS")

    def as_json(self) -> dict[str, Any]:
        """The shape of the public API; without gender the key is absent."""
        shape: dict[str, Any] = {
            "box_xyxy": list(self.box_xyxy),
            "confidence": round(self.confidence, 4),
            "emotion": self.emotion.as_json(),
        }
        if self.gender is not None:
            shape["gender"] = self.gender.as_json()
        return shape


@dataclass(frozen=True)
class Analysis:
    """The faces of one picture, largest first; `size_wh` after EXIF turning; `ms` per stage.

    `found` counts all faces of a picture that has more than are looked at.
    """

    size_wh: tuple[int, int]
    faces: tuple[Face, ...]
    model_name: str
    model_version: str
    ms: Mapping[str, float] = field(default_factory=dict)
    found: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "found", max(self.found, len(self.faces)))

    def as_json(self) -> dict[str, Any]:
        """The shape of the public API."""
        return {
            "model": {"name": self.model_name, "version": self.model_version},
            "size_wh": list(self.size_wh),
            "ms": {stage: round(value, 2) for stage, value in self.ms.items()},
            "faces": [face.as_json() for face in self.faces],
        }
