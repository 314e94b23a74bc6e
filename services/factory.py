"""The application that both services are; they differ in their source alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from flask import Flask

from services import (
    access_log,
    bodies,
    faces_route,
    health_routes,
    job_route,
    metrics_route,
    problems,
    request_ids,
    security_headers,
)
from services.inference import Inference
from services.metrics import Metrics
from services.signs_of_life import SignsOfLife
from services.source import Source
from utils.settings import Settings

if TYPE_CHECKING:
    from services.delivery import Delivery


def create_app(
    sources: Sequence[Source],
    settings: Settings,
    *,
    inference: Inference,
    delivery: Delivery | None,
    metrics: Metrics | None = None,
) -> Flask:
    """An app for one source, or for several on a machine without nginx.

    Without a `delivery` (no token) only the JSON API answers.
    """
    metrics = metrics or Metrics()
    app = Flask("services", static_folder=None)
    # The order of keys is part of the contract of some routes.
    app.json.sort_keys = False  # type: ignore[attr-defined]
    # Flask runs what is installed last first: the access line sees the final answer.
    bodies.install(app)
    request_ids.install(app)
    access_log.install(app)
    security_headers.install(app)
    problems.install(app)
    health_routes.install(app, inference)
    # Without nginx in front strangers reach this route as well.
    metrics_route.install(app, metrics, settings.api_keys if len(sources) > 1 else ())
    for source in sources:
        job_route.install(
            app, source, inference, delivery=delivery, secret=settings.secret, metrics=metrics
        )
        faces_route.install(app, source, inference, settings.api_keys, metrics=metrics)
    job_routes = [source.job_route for source in sources]
    app.wsgi_app = SignsOfLife(app.wsgi_app, job_routes)  # type: ignore[method-assign]
    return app
