"""The application that both services are; they differ in their source alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from flask import Flask

from services import (
    about_route,
    access_log,
    bodies,
    cors,
    description_route,
    faces_route,
    health_routes,
    job_route,
    metrics_route,
    older_routes,
    page_route,
    problems,
    request_ids,
    security_headers,
)
from services.inference import Inference
from services.keys import Keys
from services.metrics import Metrics
from services.nonces import Nonces
from services.rates import Rates
from services.signs_of_life import SignsOfLife
from services.source import Source
from services.stage_prefix import StagePrefix
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
    nonces: Nonces | None = None,
) -> Flask:
    """An app for one source, or for several on a machine without nginx.

    Without a `delivery` (no token) only the JSON API answers.
    """
    metrics, nonces = metrics or Metrics(), nonces or Nonces()
    app = Flask("services", static_folder=None)
    # A path means itself: nginx has it so, and no client waits for a redirect.
    app.url_map.merge_slashes = False
    # The order of keys is part of the contract of some routes.
    app.json.sort_keys = False  # type: ignore[attr-defined]
    # Flask runs what is installed last first: the access line sees the final answer.
    bodies.install(app)
    request_ids.install(app)
    access_log.install(app)
    security_headers.install(app)
    cors.install(app, settings.cors)
    problems.install(app)
    keys = Keys(settings.api_keys, Rates(settings.api_rate))
    health_routes.install(app, inference)
    # Without nginx in front strangers reach this route as well.
    metrics_route.install(app, metrics, keys if len(sources) > 1 else None)
    about_route.install(app, settings, inference.model)
    description_route.install(app, settings, inference.model)
    page_route.install(app, settings.site)
    for source in sources:
        job_route.install(
            app,
            source,
            inference,
            delivery=delivery,
            secret=settings.secret,
            nonces=nonces,
            metrics=metrics,
        )
        faces_route.install(app, source, inference, keys, metrics=metrics)
        older_routes.install(app, source, inference, keys, metrics=metrics)
    job_routes = [source.job_route for source in sources]
    app.wsgi_app = StagePrefix(  # type: ignore[method-assign]
        SignsOfLife(app.wsgi_app, job_routes)
    )
    return app
