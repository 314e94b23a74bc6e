"""Headers that keep an answer from being stored, guessed at, or framed."""

from __future__ import annotations

from flask import Flask, Response

_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}


def install(app: Flask) -> None:
    """Put them on every answer that does not bring its own."""

    @app.after_request
    def guard(answer: Response) -> Response:
        for name, value in _HEADERS.items():
            answer.headers.setdefault(name, value)
        return answer
