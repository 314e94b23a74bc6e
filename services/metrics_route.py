"""The figures of a service, for Prometheus; nginx does not pass them on."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Flask, Response
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4

from services import keys
from services.metrics import Metrics
from utils.settings import Secret


def install(app: Flask, metrics: Metrics, api_keys: Sequence[Secret]) -> None:
    """Serve `/metrics`; where `api_keys` has any, only to who knows one."""

    @app.get("/metrics", endpoint="metrics")
    def tell() -> Response:
        keys.require(api_keys)
        return Response(metrics.exposition(), content_type=CONTENT_TYPE_PLAIN_0_0_4)
