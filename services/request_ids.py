"""One id per request, from the update to the delivery: taken over from the caller or made here."""

from __future__ import annotations

import re
import uuid

from flask import Flask, Response, g, has_request_context, request

from utils.jobs import REQUEST_ID_HEADER

_WELL_FORMED = re.compile(r"[A-Za-z0-9._-]{1,64}")


def current() -> str:
    """The id of the request being answered, `-` outside of one."""
    return str(g.get("request_id", "-")) if has_request_context() else "-"


def install(app: Flask) -> None:
    """Give every request an id and every answer the header that tells it."""

    @app.before_request
    def name_it() -> None:
        given = request.headers.get(REQUEST_ID_HEADER, "")
        g.request_id = given if _WELL_FORMED.fullmatch(given) else uuid.uuid4().hex

    @app.after_request
    def tell_it(answer: Response) -> Response:
        answer.headers[REQUEST_ID_HEADER] = current()
        return answer
