"""`create_app(token)`: the Flask application of one playground."""

from __future__ import annotations

import io
from typing import IO, Any

from flask import Flask, Request, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from playground import bot_api, guards, page, people
from playground.state import Playground

# The largest document, and the few kilobytes of form around it.
MAX_BODY_BYTES = 50 * 1024 * 1024 + 64 * 1024


class InMemoryRequest(Request):
    """A request whose uploads stay in memory; Werkzeug's own would write large ones to a disk."""

    def _get_file_stream(
        self,
        total_content_length: int | None,  # noqa: ARG002
        content_type: str | None,  # noqa: ARG002
        filename: str | None = None,  # noqa: ARG002
        content_length: int | None = None,  # noqa: ARG002
    ) -> IO[bytes]:
        return io.BytesIO()


def create_app(
    token: str, *, playground: Playground | None = None, name: str = "127.0.0.1"
) -> Flask:
    """The application for the bot with this token, which knows this machine by `name`."""
    playground = playground or Playground(token)
    app = Flask("playground", static_folder=None)
    app.request_class = InMemoryRequest
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.config["MAX_FORM_MEMORY_SIZE"] = MAX_BODY_BYTES
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.extensions["playground"] = playground

    @app.before_request
    def refuse_strangers() -> tuple[Response, int] | None:
        if not guards.is_loopback_name(request.host) and not guards.is_known_to_the_bot(
            request.host, request.path, name
        ):
            return _refusal(403, "The playground answers to 127.0.0.1 and localhost only.")
        # A plain link from elsewhere may open the page; nothing else is another site's business.
        if request.path != "/" and guards.is_cross_site(request):
            return _refusal(403, "Another site's page may not use the playground.")
        return None

    @app.get("/healthz")
    def healthz() -> Response:
        return jsonify(status="ok")

    app.register_blueprint(bot_api.blueprint(playground))
    app.register_blueprint(people.blueprint(playground))
    app.register_blueprint(page.blueprint())
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(500, _http_error)
    return app


def _http_error(error: HTTPException) -> tuple[Response, int]:
    return _refusal(error.code or 500, error.name)


def _refusal(status: int, sentence: str) -> tuple[Response, int]:
    body: dict[str, Any] = {"error": {"code": "refused", "message": sentence}}
    if request.path.startswith(("/bot", "/file/bot")):
        body = {"ok": False, "error_code": status, "description": sentence}
    return jsonify(body), status
