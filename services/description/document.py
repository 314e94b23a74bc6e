"""The OpenAPI document of a running installation: with its limits, its labels, its need of keys."""

from __future__ import annotations

from services import VERSION
from services.bodies import MAX_BODY_BYTES
from services.description import failures, older_operations, operations, schemas
from services.description.notation import Node
from services.uploads import MAX_PICTURES
from utils.images import FORMATS
from utils.jobs import REQUEST_ID_HEADER
from utils.settings import Settings

_ABOUT = (
    "Tells the *apparent* expression{gender} of every face in a picture: a guess of small networks,"
    " which says nothing about what anybody feels or is. Not for decisions about"
    " people, not for children, not for identification.\n\n"
    "**Nothing is kept.** A picture is in memory until it is answered.\n\n"
    "**Limits.** {megabytes:g} MB and {megapixels:g} megapixels a picture, {pictures} pictures and"
    " {body:g} MB a request; {formats}.\n\n"
    "**Failures** all have one shape. 4xx: the same request can never succeed. 429, 502 and 503: it"
    " may, after `Retry-After` seconds."
)
_KEYS = (
    "\n\n**Keys.** Send yours as `Authorization: Bearer YOUR-KEY`; your operator gives it to you."
)


def document(settings: Settings, model: tuple[str, str]) -> Node:
    """OpenAPI 3.1, ready for JSON; `model` is name and version of what answers."""
    keys: Node = {"key": {"type": "http", "scheme": "bearer"}} if settings.api_keys else {}
    paths = operations.paths(settings) | older_operations.paths(settings)
    if keys:
        _show_the_key(paths)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Semblance",
            "version": VERSION,
            "summary": "Apparent expressions of the faces in a picture",
            "description": _about(settings),
            "license": {"name": "Apache License 2.0", "identifier": "Apache-2.0"},
        },
        # Relative to this document, so that it holds behind a stage such as /Prod as well.
        "servers": [{"url": ".."}],
        "security": [{name: []} for name in keys],
        "tags": [{"name": name} for name in ("Faces", "About", "Older clients")],
        "paths": paths,
        "components": {
            "schemas": schemas.components(settings, model),
            "responses": failures.components(),
            "headers": _headers(),
            "securitySchemes": keys,
        },
    }


def _about(settings: Settings) -> str:
    told = _ABOUT.format(
        gender=" and gender" if settings.gender else "",
        megabytes=settings.max_bytes / 1e6,
        megapixels=settings.max_pixels / 1e6,
        pictures=MAX_PICTURES,
        body=MAX_BODY_BYTES / 1e6,
        formats=", ".join(FORMATS),
    )
    return told + (_KEYS if settings.api_keys else "")


def _show_the_key(paths: Node) -> None:
    for methods in paths.values():
        for node in methods.values():
            if "security" not in node:
                (sample,) = node["x-codeSamples"]
                with_key = "curl -H 'Authorization: Bearer YOUR-KEY' "
                sample["source"] = sample["source"].replace("curl ", with_key, 1)


def _headers() -> Node:
    return {
        REQUEST_ID_HEADER: {
            "description": "Names the request in the logs; your own, where you send one.",
            "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"},
            "required": True,
        },
        "Retry-After": {
            "description": "Seconds after which to come back.",
            "schema": {"type": "integer", "minimum": 1},
            "required": True,
        },
    }
