"""What a caller asks for in the query: `?max_faces=3&min_face_px=40&gender=off&blur=faces`."""

from __future__ import annotations

import re

from flask import Request

from utils.errors import BadRequest
from utils.pipeline import Options

# What may be asked for: a number's range; words, of which the first is what is not asked for.
NUMBERS = {"max_faces": (1, 1000), "min_face_px": (0, 100_000)}
CHOICES = {"gender": ("on", "off"), "blur": ("none", "faces"), "emoji": ("off", "on")}


def options_of(request: Request) -> Options:
    """The options of a call; what it does not mention stays as it is. Raises `BadRequest`."""
    return Options(
        max_faces=_number(request, "max_faces"),
        min_face_px=_number(request, "min_face_px") or 0,
        gender=_choice(request, "gender") == "on",
        blur=_choice(request, "blur") == "faces",
        emoji=_choice(request, "emoji") == "on",
    )


def _number(request: Request, name: str) -> int | None:
    given = request.args.get(name)
    if given is None:
        return None
    low, high = NUMBERS[name]
    if not re.fullmatch(r"[0-9]{1,9}", given) or not low <= int(given) <= high:
        raise BadRequest(
            f"a bad {name}", sentence=f"{name} must be a whole number from {low} to {high}."
        )
    return int(given)


def _choice(request: Request, name: str) -> str:
    words = CHOICES[name]
    given = request.args.get(name, words[0])
    if given not in words:
        raise BadRequest(f"a bad {name}", sentence=f"{name} must be {words[0]} or {words[1]}.")
    return given
