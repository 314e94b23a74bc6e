"""Liveness and readiness, for whoever starts, restarts and counts replicas."""

from __future__ import annotations

from flask import Flask, Response, jsonify

from services.inference import Inference
from utils.errors import Unavailable


def install(app: Flask, inference: Inference) -> None:
    """`/healthz`: the hub lives. `/readyz`: a warm-up inference has been made."""

    @app.get("/healthz", endpoint="health")
    def alive() -> Response:
        return jsonify({"status": "ok"})

    @app.get("/readyz", endpoint="ready")
    def ready() -> Response:
        if not inference.ready:
            raise Unavailable("no warm-up inference yet", sentence="Not ready yet.")
        return jsonify({"status": "ready"})
