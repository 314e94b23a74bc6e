"""Request bodies: bounded, and never on a disk."""

from __future__ import annotations

from io import BytesIO
from typing import IO

from flask import Flask, Request

# 20 MB of picture are 27 MB of base64, and a little for the envelope.
MAX_BODY_BYTES = 28_000_000
MAX_PARTS = 64


class InMemoryRequest(Request):
    """A request whose uploads stay in memory; Werkzeug would put larger ones into /tmp."""

    def _get_file_stream(
        self,
        total_content_length: int | None,  # noqa: ARG002 - Werkzeug's signature
        content_type: str | None,  # noqa: ARG002
        filename: str | None = None,  # noqa: ARG002
        content_length: int | None = None,  # noqa: ARG002
    ) -> IO[bytes]:
        return BytesIO()


def install(app: Flask) -> None:
    """Bound what a request may send."""
    app.request_class = InMemoryRequest
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.config["MAX_FORM_MEMORY_SIZE"] = MAX_BODY_BYTES
    app.config["MAX_FORM_PARTS"] = MAX_PARTS
