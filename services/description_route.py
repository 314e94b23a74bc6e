"""The API described by itself: `/v1/openapi.json` for programs, `/docs` for people."""

from __future__ import annotations

import json
from functools import partial

from flask import Flask, Response, request

from services.description.document import document
from services.description.page import FILES, page
from utils.settings import Settings

# Nothing but what this server itself serves; blob: is the picture that an answer was.
_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:;"
    " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def install(app: Flask, settings: Settings, model: tuple[str, str]) -> None:
    """Serve both, without a key. All of it is made once, when the service starts."""
    described = document(settings, model)
    served = {
        "/v1/openapi.json": (json.dumps(described).encode(), "application/json"),
        "/docs": (page(described).encode(), "text/html"),
    } | {f"/docs/{path.name}": (path.read_bytes(), kind) for path, kind in FILES.items()}
    for route, (data, kind) in served.items():
        app.add_url_rule(route, route, partial(_answer, data, kind), methods=["GET"])


def _answer(data: bytes, kind: str) -> Response:
    answer = Response(data, mimetype=kind)
    if kind == "text/html":
        answer.headers["Content-Security-Policy"] = _CSP
    # It changes with the settings alone: asked for again every time, and seldom sent again.
    answer.headers["Cache-Control"] = "no-cache"
    answer.add_etag()
    answer.make_conditional(request)
    return answer
