"""A job that takes long says that somebody is still at work.

nginx takes a replica for hung that says nothing for 12 s, and gives what it holds to another. A
healthy job may take longer: a large file of a slow Telegram. So where its answer is not there in
time it begins all the same: as a 200 of blanks, one every few seconds, and at last the JSON, with
the true status in it. JSON may begin with blanks.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Response

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# Both well below what nginx waits for (proxy_read_timeout in its template).
FIRST_WORD_S = 4.0
EVERY_S = 3.0
_BLANK = b" "


class SignsOfLife:
    """The application, whose answers on some routes begin in time."""

    def __init__(
        self,
        app: WSGIApplication,
        routes: Collection[str],
        *,
        first_word_s: float = FIRST_WORD_S,
        every_s: float = EVERY_S,
    ) -> None:
        self._app, self._routes = app, frozenset(routes)
        self._first_word_s, self._every_s = first_word_s, every_s

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        if environ.get("PATH_INFO") not in self._routes:
            return self._app(environ, start_response)
        work = _Work(self._app, environ)
        if work.done_within(self._first_word_s):
            return work.answer(environ, start_response)
        headers = {
            "Content-Type": "application/json",
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            # nginx would collect the blanks until there are many.
            "X-Accel-Buffering": "no",
        }
        start_response("200 OK", list(headers.items()))
        return self._blanks(work)

    def _blanks(self, work: _Work) -> Iterator[bytes]:
        yield _BLANK
        while not work.done_within(self._every_s):
            yield _BLANK
        yield late(work.answer)


class _Work:
    """One request, answered in a thread (under gevent: a greenlet) of its own."""

    def __init__(self, app: WSGIApplication, environ: WSGIEnvironment) -> None:
        self._app, self._environ = app, environ
        self._done = threading.Event()
        self.answer = Response(status=500)
        threading.Thread(target=self._run, name="job", daemon=True).start()

    def _run(self) -> None:
        try:
            self.answer = Response.from_app(self._app, self._environ, buffered=True)
        finally:
            self._done.set()

    def done_within(self, seconds: float) -> bool:
        return self._done.wait(seconds)


def late(answer: Response) -> bytes:
    """An answer as the end of a body that began before it was known."""
    told: dict[str, Any] = {"status": answer.status_code}
    if "Retry-After" in answer.headers:
        told["retry_after"] = answer.headers["Retry-After"]
    shape = answer.get_json(silent=True)
    return json.dumps(told | (shape if isinstance(shape, dict) else {})).encode()
