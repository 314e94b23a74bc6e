"""The webcam page, for a machine without nginx: `GET /` for browsers, `/sw.js`, all under `/web/`.

Elsewhere nginx gives the same files away, with the same headers (docker/nginx/nginx.conf.template).
"""

from __future__ import annotations

import re
from pathlib import Path

from flask import Flask, Response, request, send_from_directory
from werkzeug.exceptions import NotFound

# `wasm-unsafe-eval` is what WebAssembly is called there; blob: is a picture that somebody chose.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; "
    "style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; connect-src 'self'; "
    "worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Permissions-Policy": "camera=(self)",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".wasm": "application/wasm",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".onnx": "application/octet-stream",
}
_LASTING = re.compile(r"web/(models/[0-9a-f]+|runtime)/")


def cache_control(name: str) -> str:
    """How long a file, by its path in the site's folder, may be kept.

    For ever, where its path changes with it.
    """
    return "public, max-age=31536000, immutable" if _LASTING.match(name) else "no-cache"


def install(app: Flask, folder: Path | None) -> None:
    """Serve the folder that `python -m launcher.site` laid out; None serves nothing."""
    if folder is None:
        return

    def web(name: str) -> Response:
        return _file(folder, f"web/{name}")

    app.add_url_rule("/web/<path:name>", "page's files", web, methods=["GET"])
    app.add_url_rule("/sw.js", "page's worker", lambda: _file(folder, "sw.js"), methods=["GET"])

    @app.before_request
    def page() -> Response | None:
        asked = request.method in ("GET", "HEAD") and request.path == "/"
        if asked and "text/html" in request.headers.get("Accept", ""):
            return _file(folder, "index.html")
        return None


def _file(folder: Path, name: str) -> Response:
    kind = TYPES.get(Path(name).suffix)
    if kind is None:
        raise NotFound
    accepts = "gzip" in request.headers.get("Accept-Encoding", "")
    compressed = accepts and (folder / f"{name}.gz").is_file()
    answer = send_from_directory(folder, f"{name}.gz" if compressed else name, mimetype=kind)
    # The socket of services/worker.py waits for a body, which sendfile() would send past it.
    answer.direct_passthrough = False
    answer.headers.update(HEADERS)
    answer.headers["Content-Type"] = kind
    answer.headers["Cache-Control"] = cache_control(name)
    answer.headers["Vary"] = "Accept, Accept-Encoding"
    if compressed:
        answer.headers["Content-Encoding"] = "gzip"
    return answer
