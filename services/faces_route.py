"""The public route: pictures in; faces as JSON out, or the annotated picture on request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Flask, Response, g, jsonify, request

from services import keys, problems
from services.gate import Gate
from services.inference import Inference
from services.source import Load, Source
from utils.errors import BadRequest, RequestRefused
from utils.pipeline import Target
from utils.settings import Secret

# Every request at work holds its whole body in memory.
_AT_ONCE = 32
_PICTURES: dict[str, Target] = {"image/jpeg": "jpeg", "image/png": "png"}
_ONE_AT_A_TIME = "Ask for one annotated picture at a time."


def install(app: Flask, source: Source, inference: Inference, api_keys: Sequence[Secret]) -> None:
    """Serve `source.faces_route`."""
    gate = Gate(_AT_ONCE, name=source.faces_route)

    @app.post(source.faces_route, endpoint=f"{source.name}.faces")
    def answer_faces() -> Response:
        keys.require(api_keys)
        with gate.place():
            order = source.order_of(request)
            target = _wanted_picture()
            if target is not None:
                if order.several:
                    raise BadRequest("several annotated pictures", sentence=_ONE_AT_A_TIME)
                return _annotated(order.pictures[0], target, inference)
            if order.several:
                return jsonify({"results": [_result(load, inference) for load in order.pictures]})
            return jsonify(inference.analyze(order.pictures[0]()).as_json())


def _wanted_picture() -> Target | None:
    """What the Accept header prefers; None is JSON, also for a caller that accepts neither."""
    wanted = request.accept_mimetypes.best_match(["application/json", *_PICTURES])
    return _PICTURES.get(wanted or "")


def _annotated(load: Load, target: Target, inference: Inference) -> Response:
    picture = inference.annotate(load(), target).picture
    return Response(picture.data, mimetype=picture.mime)


def _result(load: Load, inference: Inference) -> dict[str, Any]:
    """One of several: a bad picture is its own failure, a busy service is everybody's."""
    try:
        return inference.analyze(load()).as_json()
    except RequestRefused as error:
        g.outcome = "partly_refused"
        return problems.shape_of(error)
