"""The chat page: a few static files under a policy that lets nothing else in."""

from __future__ import annotations

import mimetypes
from pathlib import Path

from flask import Blueprint, Response, request
from werkzeug.exceptions import NotFound

_STATIC = Path(__file__).parent / "static"
_KINDS = frozenset({".html", ".css", ".js", ".svg", ".jpg"})
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)


def blueprint() -> Blueprint:
    """The page at `/` and what it loads, read once."""
    routes = Blueprint("page", __name__)
    files = {path.name: path.read_bytes() for path in _STATIC.iterdir() if path.suffix in _KINDS}

    @routes.get("/", defaults={"name": "index.html"})
    @routes.get("/<name>")
    def static_file(name: str) -> Response:
        if name not in files:
            raise NotFound
        mime_type = mimetypes.guess_type(name)[0]
        response = Response(files[name], mimetype=mime_type)
        response.add_etag()
        response.make_conditional(request)
        return response

    @routes.after_app_request
    def harden(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = _POLICY
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        response.headers.setdefault("Cache-Control", "no-cache")
        return response

    return routes
