"""Routes that clients of older systems already speak, exactly as they speak them (docs/api.md)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from flask import Flask, Response, jsonify, request

from services import uploads
from services.gate import Gate
from services.inference import Inference
from services.keys import Keys
from services.metrics import Metrics
from services.older_labels import per_cent, seven
from services.single_face import ONE_FACE, face_of
from services.source import Load, Source
from utils.errors import BadRequest
from utils.faces import Face

# Every request at work holds its whole body in memory.
_AT_ONCE = 32
_MOOD, _FACE, _MARKED, _PREDICT = "/", "/face", "/face-sentiment", "/predict"


def install(
    app: Flask, source: Source, inference: Inference, keys: Keys, *, metrics: Metrics
) -> None:
    """Serve the routes for uploads, or those for URLs, whichever the source is for."""
    gate = Gate(_AT_ONCE, name="the older routes")

    def seen(route: str, load: Load) -> Face:
        with metrics.photo(route) as saw:
            analysis = inference.analyze(load(), ONE_FACE)
            saw(analysis)
        return face_of(analysis)

    def mood() -> Response:
        return jsonify(seen(_MOOD, _file("imgData")).emotion.label)

    def face() -> Response:
        return jsonify({"predictions": per_cent(seen(_FACE, _field("imgBase64")).emotion)})

    def marked() -> Response:
        load = _file("file")
        with metrics.photo(_MARKED) as saw:
            annotated = inference.annotate(load(), "png")
            saw(annotated.analysis)
        return Response(annotated.picture.data, mimetype=annotated.picture.mime)

    def predict() -> Response:
        (load,) = source.order_of(request).pictures
        return jsonify(seven(seen(_PREDICT, load).emotion))

    def serve(route: str, answer: Callable[[], Response], *methods: str) -> None:
        def guarded() -> Response:
            keys.require()
            with metrics.place(route, gate):
                return answer()

        metrics.expect(route)
        app.add_url_rule(route, f"older {route}", guarded, methods=methods)

    if source.kind == "url":
        serve(_PREDICT, predict, "POST")
        return
    serve(_MOOD, mood, "POST")
    serve(_FACE, face, "GET", "POST")
    serve(_MARKED, marked, "POST")
    app.add_url_rule("/", "greeting", lambda: jsonify({"message": "Ok"}), methods=["GET"])


def _file(name: str) -> Load:
    part = request.files.get(name)
    if part is None:
        raise BadRequest(f"no {name}", sentence=f"Send the picture as the multipart field {name}.")
    return partial(uploads.not_empty, part.stream.read())


def _field(name: str) -> Load:
    text = request.values.get(name)
    if text is None:
        raise BadRequest(f"no {name}", sentence=f"Send the picture as the form field {name}.")
    # A plus that was not escaped has become a blank on the way.
    return partial(uploads.of_base64, text.replace(" ", "+"))
