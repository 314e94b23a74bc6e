"""`/Prod`, the stage that API Gateway puts before every route: also here, for the same clients."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_STAGE = "/Prod"


class StagePrefix:
    """WSGI: takes the stage off a path, so that the application does not know of it."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """As WSGI has it."""
        path = environ.get("PATH_INFO", "")
        if path == _STAGE or path.startswith(f"{_STAGE}/"):
            environ["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + _STAGE
            environ["PATH_INFO"] = path.removeprefix(_STAGE) or "/"
        return self._app(environ, start_response)
