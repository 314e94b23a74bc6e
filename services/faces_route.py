"""The public route: pictures in; faces as JSON out, or the annotated picture on request."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from flask import Flask, Response, g, jsonify, request

from services import problems, request_ids
from services.call_options import options_of
from services.gate import Gate
from services.inference import Inference
from services.keys import Keys
from services.metrics import Metrics
from services.source import Load, Source
from utils.errors import BadRequest, RequestRefused
from utils.faces import Analysis
from utils.pipeline import Options, Target

# Every request at work holds its whole body in memory.
_AT_ONCE = 32
_PICTURES: dict[str, Target] = {"image/jpeg": "jpeg", "image/png": "png"}
_ONE_AT_A_TIME = "Ask for one annotated picture at a time."


def install(
    app: Flask,
    source: Source,
    inference: Inference,
    keys: Keys,
    *,
    metrics: Metrics,
) -> None:
    """Serve `source.faces_route`."""
    gate = Gate(_AT_ONCE, name=source.faces_route)
    metrics.expect(source.faces_route)

    def analysed(load: Load, options: Options) -> Analysis:
        with metrics.photo(source.faces_route) as saw:
            analysis = inference.analyze(load(), options)
            saw(analysis)
        return analysis

    def annotated(load: Load, target: Target, options: Options) -> Response:
        with metrics.photo(source.faces_route) as saw:
            seen = inference.annotate(load(), target, options)
            saw(seen.analysis)
        return Response(seen.picture.data, mimetype=seen.picture.mime)

    @app.post(source.faces_route, endpoint=f"{source.name}.faces")
    def answer_faces() -> Response:
        keys.require()
        options = options_of(request)
        with metrics.place(source.faces_route, gate):
            order = source.order_of(request)
            target = _wanted_picture()
            if target is not None:
                if order.several:
                    raise BadRequest("several annotated pictures", sentence=_ONE_AT_A_TIME)
                return annotated(order.pictures[0], target, options)
            if order.several:
                look = partial(analysed, options=options)
                shape = {"results": [_result(look, load) for load in order.pictures]}
            else:
                shape = analysed(order.pictures[0], options).as_json()
            return jsonify(shape | {"request_id": request_ids.current()})


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
