"""gunicorn's gevent worker, made to leave quickly: idle connections do not hold up a stop.

nginx keeps connections open between requests. gunicorn's own worker waits on each of them for as
long as they may live, so that every stop would take the whole graceful timeout.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

import gevent
from gevent import monkey
from gunicorn.http.errors import LimitRequestHeaders, LimitRequestLine, ParseException
from gunicorn.workers.ggevent import GeventWorker

from services.problems import malformed
from utils import crashes, memory

_LOADING_S = 60
_STATUS = {LimitRequestLine: 414, LimitRequestHeaders: 431}


class InOnePiece:
    """A client's socket that keeps the head of an answer until the first of its body comes.

    Sent apart, a kill between the two would leave half an answer, which no other replica can
    complete any more.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._head: bytes | None = None

    def sendall(self, data: bytes) -> None:
        """Send it, or keep it where it is the first that is sent."""
        if self._head is None:
            self._head = data
        else:
            head, self._head = self._head, b""
            self._client.sendall(head + data)

    def flush(self) -> None:
        """Send a head that no body has followed."""
        if self._head:
            self.sendall(b"")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)


class DrainingWorker(GeventWorker):  # type: ignore[misc]
    """Finishes what is in flight, closes what is not."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._idle: dict[gevent.Greenlet, gevent.Timeout] = {}

    def run(self) -> None:
        """Work; a greenlet that breaks is said in a line of ours, without its words."""
        gevent.get_hub().print_exception = crashes.of_a_greenlet
        super().run()

    def load_wsgi(self) -> None:
        """Load the application; a slow machine has a minute for that, however short `timeout`."""
        loaded: list[bool] = []

        def speak() -> None:
            sleep = monkey.get_original("time", "sleep")
            for _ in range(_LOADING_S):
                if loaded:
                    return
                self.tmp.notify()
                sleep(1.0)

        # A native thread: loading does not yield, and greenlets would stand still.
        monkey.get_original("_thread", "start_new_thread")(speak, ())
        try:
            super().load_wsgi()
        finally:
            loaded.append(True)

    @contextmanager
    def timeout_ctx(self) -> Iterator[None]:
        """Around the wait for the next request: ends after the keep-alive time, or at a stop."""
        waiting = gevent.getcurrent()
        timeout = gevent.Timeout(self.cfg.keepalive, False)
        self._idle[waiting] = timeout
        try:
            with timeout:
                yield
        finally:
            del self._idle[waiting]

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """SIGTERM: take no more, and let go of those who ask for nothing."""
        super().handle_exit(sig, frame)
        self._schedule_closing()

    def notify(self) -> None:
        """Called every second, also while draining: a connection may have become idle since."""
        super().notify()
        memory.give_back()
        if not self.alive:
            self._schedule_closing()

    def handle_request(self, listener_name: Any, req: Any, sock: Any, addr: Any) -> None:
        """Answer one request, head and body together."""
        client = InOnePiece(sock)
        try:
            super().handle_request(listener_name, req, client, addr)
        finally:
            with suppress(OSError):
                client.flush()

    def handle_error(self, _req: Any, client: Any, _addr: Any, exc: BaseException) -> None:
        """Answer what never became a request of the application, and hang up."""
        status = 500
        if isinstance(exc, ParseException):
            status = _STATUS.get(type(exc), 400)
            self.log.info("malformed request: %s", type(exc).__name__)
        else:
            self.log.error("a connection broke", exc_info=exc)
        with suppress(OSError):
            client.sendall(malformed(status))

    def _schedule_closing(self) -> None:
        # From the hub the interruption is immediate. Scheduled one by one it could reach a
        # connection whose next request has arrived meanwhile, in the middle of serving it.
        gevent.get_hub().loop.run_callback(self._close_idle)

    def _close_idle(self) -> None:
        for waiting, timeout in list(self._idle.items()):
            waiting.throw(timeout)
