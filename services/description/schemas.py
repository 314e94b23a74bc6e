"""The shapes of the API's answers; their examples are made by what makes the answers."""

from __future__ import annotations

from typing import Any

from services import about_route
from services.description import failures
from services.description.notation import Node, array, obj, ref
from services.older_labels import EIGHT, SEVEN, per_cent, seven
from utils.faces import Analysis, Face, Opinion
from utils.labels import EMOTIONS, GENDERS
from utils.settings import Settings

_SHARE = {"type": "number", "minimum": 0, "maximum": 1}
_PX = {"type": "integer", "minimum": 0}
_EMOTION = Opinion(EMOTIONS, (0.02, 0.93, 0.02, 0.01, 0.01, 0.0, 0.0, 0.01), sure=True)
_MODEL = obj({"name": {"type": "string"}, "version": {"type": "string"}})
_ID = {"type": "string", "description": "The same as in the header X-Request-ID."}


def components(settings: Settings, model: tuple[str, str]) -> Node:
    """All named schemas, as the settings of this installation make them."""
    seen = _analysis(settings)
    schemas = {
        "Analysis": obj(
            seen["properties"] | {"request_id": _ID},
            description=seen["description"],
            example=_example(settings, model) | {"request_id": "0f9a3c"},
        ),
        "Results": obj(
            {
                "results": array(
                    {"oneOf": [ref("Result"), ref("Error")]},
                    description="In the pictures' order; one that cannot be read is an error.",
                ),
                "request_id": _ID,
            }
        ),
        "Result": seen,
        "Face": _face(settings),
        "Emotion": _opinion(EMOTIONS, "The *apparent* expression."),
        "About": _about(settings, model),
        "Mood": {"type": "string", "enum": list(EMOTIONS), "example": "happiness"},
        "Predictions": obj(
            {"predictions": _numbers(EIGHT.values(), maximum=100)},
            description="Per cent; the likeliest is the first key.",
            example={"predictions": per_cent(_EMOTION)},
        ),
        "SevenEmotions": _numbers(SEVEN.values(), maximum=1)
        | {
            "description": "Probabilities that sum to 1, the keys always in this order.",
            "example": {label: round(value, 4) for label, value in seven(_EMOTION).items()},
        },
        "Error": failures.error(),
    }
    if settings.gender:
        schemas["Gender"] = _opinion(GENDERS, "The *apparent* gender.")
    return schemas


def _example(settings: Settings, model: tuple[str, str]) -> Node:
    """An analysis as the API tells it."""
    gender = Opinion(GENDERS, (0.97, 0.03), sure=True) if settings.gender else None
    face = Face((176, 66, 271, 161), 0.98, _EMOTION, gender)
    ms = {"decode": 5.1, "detect": 9.8, "classify": 1.2}
    return Analysis((1280, 960), (face,), *model, ms).as_json()


def _analysis(settings: Settings) -> Node:
    return obj(
        {
            "model": _MODEL,
            "size_wh": array(
                {"type": "integer", "minimum": 1},
                2,
                description="Width and height of the picture, turned upright as its EXIF data say.",
            ),
            "ms": {
                "type": "object",
                "additionalProperties": {"type": "number", "minimum": 0},
                "description": "Milliseconds that each step took.",
            },
            "faces": array(
                ref("Face"),
                maxItems=settings.max_faces,
                description="The largest first; empty where none was found.",
            ),
        },
        description="What is seen in one picture.",
    )


def _face(settings: Settings) -> Node:
    box = array(_PX, 4, description="Left, top, right, bottom in pixels of the upright picture.")
    gender = {"gender": ref("Gender")} if settings.gender else {}
    return obj(
        {"box_xyxy": box, "confidence": _SHARE, "emotion": ref("Emotion"), **gender},
        optional=("gender",),
    )


def _opinion(labels: tuple[str, ...], description: str) -> Node:
    sure = "Whether the probability is high enough for the network to be right most of the time."
    return obj(
        {
            "label": {"type": "string", "enum": list(labels)},
            "probability": _SHARE,
            "sure": {"type": "boolean", "description": sure},
            "probabilities": _numbers(labels, maximum=1),
        },
        description=f"{description} A guess about a picture, not about what anybody feels or is.",
    )


def _numbers(names: Any, *, maximum: int) -> Node:
    return obj({name: {"type": "number", "minimum": 0, "maximum": maximum} for name in names})


def _about(settings: Settings, model: tuple[str, str]) -> Node:
    words = array({"type": "string"})
    number = {"type": "integer", "minimum": 1}
    return obj(
        {
            "model": _MODEL,
            "gender": {"type": "boolean", "description": "Whether gender is told at all."},
            "keys": {"type": "boolean", "description": "Whether a key is needed."},
            "max_bytes": number | {"description": "Bytes of a picture."},
            "max_pixels": number | {"description": "Pixels of a picture."},
            "max_faces": number | {"description": "Faces told of a picture."},
            "formats": words,
            "emotions": words,
            "genders": words | {"description": "Empty where gender is not told."},
        },
        example=about_route.facts(settings, model),
    )
