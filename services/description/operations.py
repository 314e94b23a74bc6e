"""The routes of our own API, described."""

from __future__ import annotations

from services.call_options import CHOICES, NUMBERS
from services.description import failures
from services.description.notation import (
    BASE64,
    FORM,
    HTML,
    JPEG,
    JSON,
    PICTURE,
    PNG,
    Node,
    array,
    body,
    obj,
    ok,
    operation,
    parameter,
    ref,
)
from services.uploads import MAX_PICTURES
from utils.errors import ImageBroken, NotAnImage, UrlRefused, UrlTooSlow, UrlUnreachable
from utils.settings import Settings

# In a list an empty one fails alone.
_ANY_BASE64 = {"type": "string", "contentEncoding": "base64"}
UNREADABLE = (NotAnImage, ImageBroken)
UNREACHABLE = (UrlRefused, UrlUnreachable, UrlTooSlow)
OPEN: Node = {"security": []}
_OPTIONS = {
    "max_faces": "How many faces, the largest first; never more than the operator allows.",
    "min_face_px": "Only faces at least so many pixels wide or high.",
    "gender": "`off`: without gender.",
    "blur": "`faces`: in the annotated picture every face is made unknowable, also those left out.",
    "emoji": "`on`: in the annotated picture a drawn expression before the words.",
}


def paths(settings: Settings) -> Node:
    """The paths, each with its operations."""
    return {
        "/v1/faces": {"post": _faces(settings)},
        "/v1/faces/url": {"post": _faces_url(settings)},
        "/v1/about": {"get": _about()},
        "/v1/openapi.json": {"get": _document()},
        "/docs": {"get": _page()},
        "/healthz": {"get": _health()},
    }


def _faces(settings: Settings) -> Node:
    return operation(
        "analyze",
        "Faces of a picture",
        "The picture is the body, or a part of a form, or base64 in JSON (`data:image/...;base64,`"
        f" before it is fine). Up to {MAX_PICTURES} pictures may come at once: of those one that"
        " cannot be read fails alone, and the status is 200. `Accept: image/jpeg` or"
        " `image/png` asks for the annotated picture, one at a time.",
        curl="curl -F image=@photo.jpg URL/v1/faces",
        tags=["Faces"],
        parameters=_parameters(settings),
        requestBody=body(
            {
                "image/*": PICTURE,
                "application/octet-stream": PICTURE,
                FORM: obj({"image": array(PICTURE, minItems=1, maxItems=MAX_PICTURES)}),
                JSON: {
                    "oneOf": [
                        obj({"image": BASE64}),
                        obj({"images": array(_ANY_BASE64, minItems=1, maxItems=MAX_PICTURES)}),
                    ]
                },
            }
        ),
        responses=_seen({"oneOf": [ref("Analysis"), ref("Results")]})
        | failures.of(*UNREADABLE, keys=bool(settings.api_keys)),
    )


def _faces_url(settings: Settings) -> Node:
    return operation(
        "analyzeUrl",
        "Faces of a picture behind a URL",
        "The URL must lead to the picture itself, not to a page with the picture in it. Only public"
        f" addresses are fetched, within {settings.url_timeout_s:g} seconds; up to"
        f" {settings.url_redirects} redirects are followed.",
        curl="curl -H 'Content-Type: application/json' \\\n"
        """     -d '{"url": "https://example.org/photo.jpg"}' URL/v1/faces/url""",
        tags=["Faces"],
        parameters=_parameters(settings),
        requestBody=body({JSON: url()}),
        responses=_seen(ref("Analysis"))
        | failures.of(*UNREADABLE, *UNREACHABLE, keys=bool(settings.api_keys)),
    )


def _about() -> Node:
    return operation(
        "about",
        "What this installation is and allows",
        "For pages and programs that adapt to it. It never wants a key.",
        curl="curl URL/v1/about",
        tags=["About"],
        responses=ok("Its model, limits and labels.", {JSON: ref("About")}) | failures.anywhere(),
        **OPEN,
    )


def _document() -> Node:
    return operation(
        "describe",
        "This description",
        "OpenAPI 3.1, with the limits and labels of this installation.",
        curl="curl URL/v1/openapi.json",
        tags=["About"],
        responses=ok("The document.", {JSON: {"type": "object"}}) | failures.anywhere(),
        **OPEN,
    )


def _page() -> Node:
    return operation(
        "docs",
        "This description for people",
        "A page on which every route can be tried.",
        curl="curl URL/docs",
        tags=["About"],
        responses=ok("The page.", {HTML: {"type": "string"}}) | failures.anywhere(),
        **OPEN,
    )


def _health() -> Node:
    return operation(
        "health",
        "Whether anybody is there",
        "For probes. It says nothing about what stands behind the proxy.",
        curl="curl URL/healthz",
        tags=["About"],
        responses=ok("Somebody is.", {JSON: obj({"status": {"const": "ok"}})})
        | failures.anywhere(),
        **OPEN,
    )


def url() -> Node:
    """The body of the routes that fetch a picture."""
    address = {"type": "string", "format": "uri", "minLength": 1}
    return obj({"url": address}, example={"url": "https://example.org/photo.jpg"})


def _seen(shape: Node) -> Node:
    return ok(
        "What is seen, or the annotated picture: `Accept` decides.",
        {JSON: shape, JPEG: PICTURE, PNG: PICTURE},
    )


def _parameters(settings: Settings) -> list[Node]:
    schemas: Node = {
        name: {"type": "integer", "minimum": low, "maximum": high}
        for name, (low, high) in NUMBERS.items()
    }
    for name, words in CHOICES.items():
        schemas[name] = {"type": "string", "enum": list(words), "default": words[0]}
    named = [name for name in schemas if settings.gender or name != "gender"]
    return [parameter(name, _OPTIONS[name], schemas[name]) for name in named]
