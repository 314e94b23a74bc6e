"""The figures of a service, for Prometheus; nginx does not pass them on."""

from __future__ import annotations

from flask import Flask, Response
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4

from services.keys import Keys
from services.metrics import Metrics


def install(app: Flask, metrics: Metrics, keys: Keys | None) -> None:
    """Serve `/metrics`; with `keys`, only to who knows one of them where there are any."""

    @app.get("/metrics", endpoint="metrics")
    def tell() -> Response:
        if keys is not None:
            keys.require()
        return Response(metrics.exposition(), content_type=CONTENT_TYPE_PLAIN_0_0_4)
