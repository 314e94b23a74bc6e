"""What a caller asks for in the query: `?max_faces=3&min_face_px=40&gender=off&blur=faces`."""

from __future__ import annotations

import re

from flask import Request

from utils.errors import BadRequest
from utils.pipeline import Options

_MOST_FACES, _MOST_PX = 1000, 100_000


def options_of(request: Request) -> Options:
    """The options of a call; what it does not mention stays as it is. Raises `BadRequest`."""
    most = _number(request, "max_faces", 1, _MOST_FACES)
    return Options(
        max_faces=most,
        min_face_px=_number(request, "min_face_px", 0, _MOST_PX) or 0,
        gender=_choice(request, "gender", ("on", "off")) != "off",
        blur=_choice(request, "blur", ("none", "faces")) == "faces",
        emoji=_choice(request, "emoji", ("off", "on")) == "on",
    )


def _number(request: Request, name: str, low: int, high: int) -> int | None:
    given = request.args.get(name)
    if given is None:
        return None
    if not re.fullmatch(r"[0-9]{1,9}", given) or not low <= int(given) <= high:
        raise BadRequest(
            f"a bad {name}", sentence=f"{name} must be a whole number from {low} to {high}."
        )
    return int(given)


def _choice(request: Request, name: str, words: tuple[str, str]) -> str | None:
    given = request.args.get(name)
    if given is not None and given not in words:
        raise BadRequest(f"a bad {name}", sentence=f"{name} must be {words[0]} or {words[1]}.")
    return given
