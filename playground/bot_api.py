"""The bot's side over HTTP: `/bot<token>/<method>` and `/file/bot<token>/<path>`."""

from __future__ import annotations

import hmac
from typing import Any

from flask import Blueprint, Response, jsonify, request

from playground.errors import BadCall, BotApiError, Unauthorized
from playground.methods import dispatch, refusal
from playground.parameters import Call, Upload, as_strings
from playground.state import Playground


def blueprint(playground: Playground) -> Blueprint:
    """The routes for one bot."""
    routes = Blueprint("bot_api", __name__)

    def authorize(token: str) -> None:
        if not hmac.compare_digest(token.encode(), playground.token.encode()):
            raise Unauthorized

    @routes.route("/bot<token>/<method>", methods=["GET", "POST"])
    def call_method(token: str, method: str) -> tuple[Response, int]:
        authorize(token)
        status, body = dispatch(playground, _read(method.lower()))
        return jsonify(body), status

    @routes.get("/file/bot<token>/<path:path>")
    def download(token: str, path: str) -> Response:
        authorize(token)
        file = playground.files.by_path(path)
        if file is None:
            raise BotApiError(404, "Not Found")
        return Response(file.data, mimetype="application/octet-stream")

    @routes.errorhandler(BotApiError)
    def refuse(error: BotApiError) -> tuple[Response, int]:
        return jsonify(refusal(error)), error.status

    return routes


def _read(method: str) -> Call:
    values: dict[str, Any] = dict(request.args)
    if request.is_json:
        body = request.get_json(silent=True)
        if not isinstance(body, dict):
            raise BadCall("can't parse JSON object")
        values |= as_strings(body)
    values |= dict(request.form)
    files = {
        name: Upload(file.stream.read(), file.filename or "", file.mimetype)
        for name, file in request.files.items()
    }
    return Call(method, values, files)
