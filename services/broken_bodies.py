"""A body that breaks off while gunicorn reads it is the client's failure, and not one of ours."""

from __future__ import annotations

from flask import Flask, Response
from gunicorn.http.errors import ParseException

from services import problems
from utils.errors import BadRequest


def install(app: Flask) -> None:
    """Answer it with 400."""

    @app.errorhandler(ParseException)
    def tell(error: ParseException) -> Response:
        # gunicorn reads a chunked body while the application asks for it, and fails in its midst.
        return problems.answer_to(BadRequest(f"a body that breaks off: {type(error).__name__}"))
