"""Everything that the world sees: both services and nginx, as real processes."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from tests.service_processes import gunicorn, nginx, nginx_command


@contextlib.contextmanager
def opened(folder: Path, **environ: str) -> Iterator[str]:
    """The address of nginx while the block runs, without a slash at its end."""
    nginx_command()
    rate = int(environ.setdefault("SEMBLANCE_API_RATE", "10000"))
    with (
        gunicorn("services.app_image:create()", folder, **environ) as image,
        gunicorn("services.app_url:create()", folder, **environ) as url,
        nginx(folder, app_image=[image.socket], app_url=[url.socket], api_rate=rate) as proxy,
    ):
        yield f"http://{proxy.socket}"
