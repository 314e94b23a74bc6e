"""The service for bytes that are already ours: `gunicorn 'services.app_image:create()'`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask


def create() -> Flask:
    """The application, with its networks loaded and warm; called once in every worker."""
    from services.app_image.source import FileSource
    from services.start import start

    return start(
        "app_image",
        lambda settings, telegram, fetching: [
            FileSource(telegram, max_bytes=settings.max_bytes, fetching=fetching)
        ],
    )
