"""The API described by itself: `/v1/openapi.json` for programs, `/docs` for people."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache, partial

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
    """Serve both, without a key. They are made when first asked for: a start should not wait."""
    described = cache(partial(document, settings, model))
    served: dict[str, tuple[Callable[[], bytes], str]] = {
        "/v1/openapi.json": (cache(lambda: json.dumps(described()).encode()), "application/json"),
        "/docs": (cache(lambda: page(described()).encode()), "text/html"),
    }
    served |= {f"/docs/{path.name}": (cache(path.read_bytes), kind) for path, kind in FILES.items()}
    for route, (data, kind) in served.items():
        app.add_url_rule(route, route, partial(_answer, data, kind), methods=["GET"])


def _answer(data: Callable[[], bytes], kind: str) -> Response:
    answer = Response(data(), mimetype=kind)
    if kind == "text/html":
        answer.headers["Content-Security-Policy"] = _CSP
    # It changes with the settings alone: asked for again every time, and seldom sent again.
    answer.headers["Cache-Control"] = "no-cache"
    answer.add_etag()
    answer.make_conditional(request)
    return answer
