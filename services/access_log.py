"""One line per request: method, route (never the path), status, milliseconds, outcome."""

from __future__ import annotations

import logging
import time

from flask import Flask, Response, g, request

_log = logging.getLogger("services.access")


def install(app: Flask) -> None:
    """Time every request and log it once it is answered."""

    @app.before_request
    def start() -> None:
        g.started_at = time.perf_counter()

    @app.after_request
    def tell(answer: Response) -> Response:
        route = request.url_rule.rule if request.url_rule else "-"
        facts = {
            "method": request.method if request.method.isalpha() else "-",
            "route": route,
            "status": answer.status_code,
            "ms": round(1000 * (time.perf_counter() - g.started_at), 1),
            "outcome": g.get("outcome", "ok"),
        }
        # Probes come every few seconds for ever; only one that fails is news.
        routine = request.endpoint in ("health", "ready", "metrics") and answer.status_code == 200
        level = logging.DEBUG if routine else logging.INFO
        _log.log(level, "request", extra={"facts": facts})
        return answer
