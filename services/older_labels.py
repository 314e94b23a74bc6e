"""What clients of older systems call our labels, and in which order they read them."""

from __future__ import annotations

from typing import Final

from utils.faces import Opinion

EIGHT: Final = {
    "anger": "Anger",
    "disgust": "Disgust",
    "surprise": "Surprise",
    "sadness": "Sadness",
    "happiness": "Happiness",
    "neutral": "Neutral",
    "contempt": "Contempt",
    "fear": "Fear",
}
SEVEN: Final = {
    "anger": "Anger",
    "disgust": "Disgust",
    "fear": "Fear",
    "happiness": "Happy",
    "neutral": "Neutral",
    "sadness": "Sadness",
    "surprise": "Surprise",
}
# What FER2013, which knows no contempt, calls its 221 pictures that most people of FER+ call so.
_CONTEMPT_AS: Final = {
    "anger": 81,
    "disgust": 40,
    "fear": 33,
    "happiness": 7,
    "neutral": 27,
    "sadness": 29,
    "surprise": 4,
}


def per_cent(opinion: Opinion) -> dict[str, float]:
    """Eight labels in per cent, the likeliest first: what `/face` answers."""
    named = zip(opinion.labels, opinion.probabilities, strict=True)
    ranked = sorted(named, key=lambda pair: -pair[1])
    return {EIGHT[label]: round(100 * value, 4) for label, value in ranked}


def seven(opinion: Opinion) -> dict[str, float]:
    """Seven labels in a fixed order, probabilities summing to 1: what `/predict` answers.

    Contempt is shared out among them as the people of FER2013 did who had no such label.
    """
    given = dict(zip(opinion.labels, opinion.probabilities, strict=True))
    share = given["contempt"] / sum(_CONTEMPT_AS.values())
    return {name: given[label] + share * _CONTEMPT_AS[label] for label, name in SEVEN.items()}
