"""The public route: pictures in; faces as JSON out, or the annotated picture on request."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flask import Flask, Response, g, jsonify, request

from services import keys, problems
from services.gate import Gate
from services.inference import Inference
from services.metrics import Metrics
from services.source import Load, Source
from utils.errors import BadRequest, RequestRefused
from utils.faces import Analysis
from utils.pipeline import Target
from utils.settings import Secret

# Every request at work holds its whole body in memory.
_AT_ONCE = 32
_PICTURES: dict[str, Target] = {"image/jpeg": "jpeg", "image/png": "png"}
_ONE_AT_A_TIME = "Ask for one annotated picture at a time."


def install(
    app: Flask,
    source: Source,
    inference: Inference,
    api_keys: Sequence[Secret],
    *,
    metrics: Metrics,
) -> None:
    """Serve `source.faces_route`."""
    gate = Gate(_AT_ONCE, name=source.faces_route)
    metrics.expect(source.faces_route)

    def analysed(load: Load) -> Analysis:
        with metrics.photo(source.faces_route) as saw:
            analysis = inference.analyze(load())
            saw(analysis)
        return analysis

    def annotated(load: Load, target: Target) -> Response:
        with metrics.photo(source.faces_route) as saw:
            seen = inference.annotate(load(), target)
            saw(seen.analysis)
        return Response(seen.picture.data, mimetype=seen.picture.mime)

    @app.post(source.faces_route, endpoint=f"{source.name}.faces")
    def answer_faces() -> Response:
        keys.require(api_keys)
        with gate.place():
            order = source.order_of(request)
            target = _wanted_picture()
            if target is not None:
                if order.several:
                    raise BadRequest("several annotated pictures", sentence=_ONE_AT_A_TIME)
                return annotated(order.pictures[0], target)
            if order.several:
                return jsonify({"results": [_result(analysed, load) for load in order.pictures]})
            return jsonify(analysed(order.pictures[0]).as_json())


def _wanted_picture() -> Target | None:
    """What the Accept header prefers; None is JSON, also for a caller that accepts neither."""
    wanted = request.accept_mimetypes.best_match(["application/json", *_PICTURES])
    return _PICTURES.get(wanted or "")


def _result(analysed: Callable[[Load], Analysis], load: Load) -> dict[str, Any]:
    """One of several: a bad picture is its own failure, a busy service is everybody's."""
    try:
        return analysed(load).as_json()
    except RequestRefused as error:
        g.outcome = "partly_refused"
        return problems.shape_of(error)
