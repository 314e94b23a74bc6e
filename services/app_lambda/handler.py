"""One handler for all that may call the function: HTTP events run the whole application."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from apig_wsgi import make_lambda_handler

from services.app_image.source import FileSource
from services.app_lambda import answers, events
from services.app_lambda.direct import Direct
from services.app_lambda.request_names import RequestNames
from services.app_url.fetch import Fetcher
from services.app_url.source import UrlSource
from services.engine import Engine
from services.factory import create_app
from services.inference import Inference
from services.source import Source
from utils.settings import Settings

Handler = Callable[[Any, Any], dict[str, Any]]


def handler_of(settings: Settings, engine: Engine) -> Handler:
    """The function's handler, warmed up.

    An HTTP event is answered as such, whatever goes wrong. Any other one raises a `SemblanceError`
    whose text is its public sentence.
    """
    # Lambda gives an instance of the function one event at a time.
    inference = Inference(engine, slots=1)
    inference.warm_up()
    fetcher = Fetcher(settings)
    sources: list[Source] = [FileSource(None, max_bytes=settings.max_bytes), UrlSource(fetcher)]
    app = create_app(sources, settings, inference=inference, delivery=None)
    answers.install(app)
    over_http = make_lambda_handler(RequestNames(app), binary_support=True)
    direct = Direct(fetcher, inference)

    def handler(event: Any, context: Any) -> dict[str, Any]:
        if events.is_http(event):
            return over_http(events.without_stage(event), context)
        return direct.answer(event)

    return handler
