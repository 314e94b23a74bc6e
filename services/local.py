"""Both services in one process, for a machine without nginx: `gunicorn 'services.local:create()'`.

The routes are the ones that nginx has; only replicas need nginx.
"""

from __future__ import annotations

from flask import Flask

from services.app_image.source import FileSource
from services.app_url.fetch import Fetcher
from services.app_url.source import UrlSource
from services.start import start


def create() -> Flask:
    """The application, with its networks loaded and warm; called once in every worker."""
    return start(
        "local",
        lambda settings, telegram, fetching: [
            FileSource(telegram, max_bytes=settings.max_bytes, fetching=fetching),
            UrlSource(Fetcher(settings), fetching=fetching),
        ],
    )
