"""The one place that lists labels; every other surface maps from here.

The order is the order of the networks' outputs: `class_id` is an index into these tuples.
"""

from __future__ import annotations

from typing import Final

EMOTIONS: Final = (
    "neutral",
    "happiness",
    "surprise",
    "sadness",
    "anger",
    "disgust",
    "fear",
    "contempt",
)
GENDERS: Final = ("woman", "man")

# By the names that the networks have in a manifest.
LABELS_OF: Final[dict[str, tuple[str, ...]]] = {"emotion": EMOTIONS, "gender": GENDERS}
