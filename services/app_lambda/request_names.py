"""A request is called by Lambda's own id, so that its lines stand beside Lambda's in the log."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class RequestNames:
    """WSGI: names a request that its caller has not named."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """As WSGI has it."""
        environ.setdefault("HTTP_X_REQUEST_ID", environ["apig_wsgi.context"].aws_request_id)
        return self._app(environ, start_response)
