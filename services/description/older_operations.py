"""The routes that clients of older systems speak, described."""

from __future__ import annotations

from services.description import failures
from services.description.notation import (
    BASE64,
    ENCODED,
    FORM,
    HTML,
    JSON,
    PICTURE,
    PNG,
    Node,
    body,
    obj,
    ok,
    operation,
    parameter,
    ref,
)
from services.description.operations import OPEN, UNREACHABLE, UNREADABLE, url
from utils.errors import NoFace
from utils.settings import Settings

_TAGS = ["Older clients"]
# What gunicorn takes as the first line of a request has 2,048 bytes.
_SHORT = BASE64 | {"maxLength": 1900}
_LARGEST = (
    "Answers for the largest face. Where none is found in a picture of at most 256 pixels a side,"
    " all of it is taken for one, cut out already."
)


def paths(settings: Settings) -> Node:
    """The paths, each with its operations."""
    keys = bool(settings.api_keys)
    return {
        "/": {"get": _greeting(), "post": _mood(keys)},
        "/face": {"get": _face_in_the_query(keys), "post": _face(keys)},
        "/predict": {"post": _predict(keys)},
        "/face-sentiment": {"post": _marked(keys)},
    }


def _greeting() -> Node:
    return operation(
        "greet",
        "A greeting",
        "Says that the service is there; where a browser asks (`Accept: text/html`), a page.",
        curl="curl URL/",
        tags=_TAGS,
        responses=ok(
            "The greeting.",
            {JSON: obj({"message": {"const": "Ok"}}), HTML: {"type": "string"}},
        )
        | failures.anywhere(),
        **OPEN,
    )


def _mood(keys: bool) -> Node:
    return operation(
        "mood",
        "The mood of a picture as one word",
        _LARGEST,
        curl="curl -F imgData=@photo.jpg URL/",
        tags=_TAGS,
        requestBody=body({FORM: obj({"imgData": PICTURE})}),
        responses=ok("A JSON string.", {JSON: ref("Mood")})
        | failures.of(*UNREADABLE, NoFace, keys=keys),
    )


def _face(keys: bool) -> Node:
    return operation(
        "face",
        "Eight expressions in per cent",
        f"The picture is base64 in a form field, with or without `data:` before it. {_LARGEST}",
        curl="base64 < photo.jpg | tr -d '\\n' | curl --data-urlencode imgBase64@- URL/face",
        tags=_TAGS,
        requestBody=body(
            {ENCODED: obj({"imgBase64": BASE64}), FORM: obj({"imgBase64": BASE64})},
        ),
        responses=_predictions(keys),
    )


def _face_in_the_query(keys: bool) -> Node:
    return operation(
        "faceInTheQuery",
        "Eight expressions in per cent, of a tiny picture",
        "An address may have 2,048 characters, so the picture may have some 1,400 bytes: a face of"
        " 48 by 48 pixels.",
        curl="base64 < face.jpg | tr -d '\\n' | curl -G --data-urlencode imgBase64@- URL/face",
        tags=_TAGS,
        parameters=[parameter("imgBase64", "The picture as base64.", _SHORT, required=True)],
        responses=_predictions(keys),
    )


def _predict(keys: bool) -> Node:
    return operation(
        "predict",
        "Seven expressions of a picture behind a URL",
        f"{_LARGEST} Contempt, which these seven lack, is shared out among them.",
        curl="curl -H 'Content-Type: application/json' \\\n"
        """     -d '{"url": "https://example.org/photo.jpg"}' URL/predict""",
        tags=_TAGS,
        requestBody=body({JSON: url()}),
        responses=ok("Probabilities by label.", {JSON: ref("SevenEmotions")})
        | failures.of(*UNREADABLE, NoFace, *UNREACHABLE, keys=keys),
    )


def _marked(keys: bool) -> Node:
    return operation(
        "mark",
        "The annotated picture",
        "A PNG as large as the picture, which is unmarked where no face is found.",
        curl="curl -F file=@photo.jpg URL/face-sentiment -o marked.png",
        tags=_TAGS,
        requestBody=body({FORM: obj({"file": PICTURE})}),
        responses=ok("The picture.", {PNG: PICTURE}) | failures.of(*UNREADABLE, keys=keys),
    )


def _predictions(keys: bool) -> Node:
    return ok("Per cent by label.", {JSON: ref("Predictions")}) | failures.of(
        *UNREADABLE, NoFace, keys=keys
    )
