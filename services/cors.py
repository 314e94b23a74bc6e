"""Which pages of other servers may call from a browser (Cross-Origin Resource Sharing)."""

from __future__ import annotations

from collections.abc import Collection

from flask import Flask, Response, request

# What older pages have always called from anywhere, and what is no secret.
_OPEN = ("/", "/face", "/predict", "/face-sentiment", "/v1/about", "/v1/openapi.json")
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, X-Request-ID",
    "Access-Control-Max-Age": "600",
}


def install(app: Flask, origins: Collection[str]) -> None:
    """Answer OPTIONS, and tell browsers that pages from `origins` ("*": all) may read answers."""

    @app.before_request
    def preflight() -> Response | None:
        if request.method != "OPTIONS" or request.url_rule is None:
            return None
        # Of all rules of this path: reading and sending may have one each.
        answer = app.make_default_options_response()
        answer.status_code = 204
        del answer.headers["Content-Type"]
        return answer

    @app.after_request
    def tell(answer: Response) -> Response:
        allowed = _allowed(origins)
        if allowed is not None:
            answer.headers["Access-Control-Allow-Origin"] = allowed
            answer.headers["Access-Control-Expose-Headers"] = "Retry-After, X-Request-ID"
            if request.method == "OPTIONS":
                answer.headers.update(_PREFLIGHT)
        if allowed != "*":
            answer.vary.add("Origin")
        return answer


def _allowed(origins: Collection[str]) -> str | None:
    rule = request.url_rule.rule if request.url_rule else ""
    if rule in _OPEN:
        return "*"
    origin = request.headers.get("Origin", "")
    if not rule.startswith("/v1/") or not origin:
        return None
    if "*" in origins:
        return "*"
    return origin if origin.lower() in origins else None
