"""Every failure in one JSON shape, with its own status; the edge looks up and knows no cases."""

from __future__ import annotations

import json
import logging
import math
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, g, jsonify
from werkzeug.exceptions import HTTPException

from services import request_ids
from utils.errors import BadRequest, ImageTooLarge, SemblanceError, Unavailable

_log = logging.getLogger("services.problems")

# What a server finds wrong before there is a request; nginx's template uses the same codes.
_TOO_LONG = "request_header_fields_too_large"
_CODES = {
    413: ImageTooLarge.code,
    414: _TOO_LONG,
    431: _TOO_LONG,
    500: SemblanceError.code,
}
_SENTENCES = {
    400: BadRequest.sentence,
    401: "This needs a valid API key.",
    404: "There is no such route.",
    405: "This route does not take that method.",
    408: "The request arrived too slowly.",
    413: ImageTooLarge.sentence,
    414: "The address or the headers of this request are too long.",
    415: "I cannot read a body of this type.",
    431: "The address or the headers of this request are too long.",
    500: SemblanceError.sentence,
}


def shape(code: str, message: str) -> dict[str, Any]:
    """The body of every failure."""
    return {"error": {"code": code, "message": message, "request_id": request_ids.current()}}


def shape_of(error: SemblanceError) -> dict[str, Any]:
    """The body of one of our failures."""
    return shape(error.code, error.public_sentence)


def of_http(status: int) -> tuple[str, str]:
    """Code and sentence of a failure that HTTP knows by its status, and we by no type."""
    known = HTTPStatus(status)
    code = _CODES.get(status, known.name.lower())
    return code, _SENTENCES.get(status, f"{known.phrase}.")


def malformed(status: int) -> bytes:
    """A whole HTTP answer in our shape, for what never became a request of the application."""
    body = json.dumps(shape(*of_http(status))).encode()
    head = [
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "Cache-Control: no-store",
        "Connection: close",
    ]
    return "\r\n".join([*head, "", ""]).encode() + body


def install(app: Flask) -> None:
    """Answer every failure, also those of Flask and Werkzeug, in our shape."""
    app.register_error_handler(SemblanceError, answer_to)
    app.register_error_handler(HTTPException, _of_the_framework)
    app.register_error_handler(Exception, _unknown)


def answer_to(error: SemblanceError) -> Response:
    """One of our failures as an answer, which is also logged."""
    g.outcome = error.code
    refused = isinstance(error, Unavailable) or error.status < 500
    facts = {"code": error.code, "reason": error.reason}
    _log.log(
        logging.INFO if refused else logging.ERROR,
        "%s: %s",
        type(error).__name__,
        error,
        extra={"facts": facts},
    )
    answer = _answer(error.status, shape_of(error))
    if isinstance(error, Unavailable):
        # The header knows whole seconds only; 0 would invite a caller to hammer.
        answer.headers["Retry-After"] = str(max(1, math.ceil(error.retry_after_s)))
    return answer


def _of_the_framework(error: HTTPException) -> Response:
    status = error.code or 500
    code, sentence = of_http(status)
    g.outcome = code
    answer = _answer(status, shape(code, sentence))
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After", "WWW-Authenticate"):
            answer.headers[name] = value
    return answer


def _unknown(error: Exception) -> Response:
    g.outcome = SemblanceError.code
    _log.error("%s, which nobody foresaw", type(error).__name__, exc_info=error)
    return _answer(500, shape(SemblanceError.code, SemblanceError.sentence))


def _answer(status: int, body: dict[str, Any]) -> Response:
    answer = jsonify(body)
    answer.status_code = status
    return answer
