"""From the environment to an application that is ready; what is wrong is said in one sentence."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from flask import Flask

from services import broken_bodies, nonces, request_ids
from services.delivery import Delivery
from services.engine import Engine
from services.factory import create_app
from services.inference import Inference
from services.metrics import Metrics
from services.source import Source, Timer
from utils import logs
from utils.capacity import capacity_of
from utils.errors import SemblanceError
from utils.machine import Machine
from utils.pipeline import Pipeline
from utils.settings import Settings
from utils.telegram import TelegramApi

_log = logging.getLogger("services.start")

# gunicorn's own number for an application that did not load: the whole server stops then, instead
# of starting worker after worker.
LOAD_FAILED = 4

MakeSources = Callable[[Settings, TelegramApi | None, Timer], Sequence[Source]]
LoadEngine = Callable[[Settings], Engine]


def start(service: str, make_sources: MakeSources, *, load: LoadEngine = Pipeline.load) -> Flask:
    """The application of a worker. Ends the process where a setting or a network is unusable."""
    logs.configure(service, "text", request_id=request_ids.current)
    try:
        settings = Settings.load()
        logs.configure(service, settings.log, request_id=request_ids.current)
        return _assembled(settings, make_sources, load)
    except SemblanceError as error:
        _log.critical("cannot start: %s", error)
        raise SystemExit(LOAD_FAILED) from None


def _assembled(settings: Settings, make_sources: MakeSources, load: LoadEngine) -> Flask:
    metrics, telegram = Metrics(), None
    if settings.telegram_token is not None:
        telegram = TelegramApi(
            settings.telegram_token, settings.telegram_api_url, observe=metrics.telegram_call
        )
    inference = Inference(load(settings), capacity_of(Machine.look(), settings).slots)
    inference.warm_up()
    app = create_app(
        make_sources(settings, telegram, metrics.fetching),
        settings,
        inference=inference,
        delivery=None if telegram is None else Delivery(telegram, settings.delivery),
        metrics=metrics,
        nonces=nonces.shared(),
    )
    broken_bodies.install(app)
    return app
