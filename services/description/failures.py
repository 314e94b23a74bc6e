"""The failures of the API, described: code, status and sentence come from where they are raised."""

from __future__ import annotations

from http import HTTPStatus

from services import problems
from services.description.notation import JSON, Node, obj, ref
from utils.errors import BadRequest, Busy, RequestRefused, TooManyRequests, Unavailable

_ID = "0f9a3c"
# Who is told one of these may send the same request again.
_LATER = (429, 502, 503)


def components() -> Node:
    """The answers that routes share."""
    shared: dict[int, list[tuple[str, str]]] = {
        status: [problems.of_http(status)] for status in (400, 401, 408, 413, 414, 431, 500)
    }
    for error in (TooManyRequests, Busy, Unavailable):
        shared.setdefault(error.status, []).append((error.code, error.sentence))
    # What nginx says where it reached nobody.
    shared[502] = [(Unavailable.code, Unavailable.sentence)]
    return {_name(status): _answer(status, failures) for status, failures in shared.items()}


def anywhere() -> Node:
    """What every route may answer, whatever it is for."""
    always = (400, 408, 413, 414, 431, 500, 502)
    return {str(status): ref(_name(status), "responses") for status in always}


def of(*errors: type[RequestRefused], keys: bool) -> Node:
    """What a route that looks at pictures may answer besides; the `errors` are its own (422)."""
    statuses = [TooManyRequests.status, Busy.status, *([401] if keys else [])]
    shared = {str(status): ref(_name(status), "responses") for status in statuses}
    own = [(error.code, error.sentence) for error in errors]
    return anywhere() | shared | {str(errors[0].status): _answer(errors[0].status, own)}


def error() -> Node:
    """The schema of all failures."""
    named = {"code": {"type": "string"}, "message": {"type": "string", "minLength": 1}}
    return obj(
        {"error": obj(named | {"request_id": {"type": "string"}})},
        description="Every failure: `code` is for programs, `message` for people.",
        example=_example(BadRequest.code, BadRequest.sentence),
    )


def _answer(status: int, failures: list[tuple[str, str]]) -> Node:
    codes = [code for code, _ in failures]
    narrowed = {"properties": {"error": {"properties": {"code": {"enum": codes}}}}}
    headers = {"X-Request-ID": ref("X-Request-ID", "headers")}
    if status in _LATER:
        headers["Retry-After"] = ref("Retry-After", "headers")
    return {
        "description": "  \n".join(f"`{code}`: {sentence}" for code, sentence in failures),
        "headers": headers,
        "content": {
            JSON: {
                "schema": {"allOf": [ref("Error"), narrowed]},
                "examples": {
                    code: {"value": _example(code, sentence)} for code, sentence in failures
                },
            }
        },
    }


def _name(status: int) -> str:
    return HTTPStatus(status).phrase.title().replace(" ", "")


def _example(code: str, sentence: str) -> Node:
    return {"error": {"code": code, "message": sentence, "request_id": _ID}}
