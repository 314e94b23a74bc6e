"""The service for bytes behind a stranger's URL: `gunicorn 'services.app_url:create()'`.

Nothing else in the project follows such a URL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask


def create() -> Flask:
    """The application, with its networks loaded and warm; called once in every worker."""
    from services.app_url.fetch import Fetcher
    from services.app_url.source import UrlSource
    from services.start import start

    return start(
        "app_url", lambda settings, _, fetching: [UrlSource(Fetcher(settings), fetching=fetching)]
    )
