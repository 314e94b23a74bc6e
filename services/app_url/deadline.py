"""A wall-clock limit that holds whatever the other side does.

A socket's timeout starts again with every byte, so a server that sends one byte a second keeps
its reader for ever: in the TLS handshake, in the headers, in the body. Here a timer cuts the line.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from utils.errors import UrlTooSlow

TOO_SLOW = "too_slow"


class Deadline:
    """The end of one fetch, `seconds` from now."""

    def __init__(self, seconds: float) -> None:
        self._ends_at = time.monotonic() + seconds

    @property
    def is_over(self) -> bool:
        """Whether the time is up."""
        return time.monotonic() >= self._ends_at

    def remaining_s(self) -> float:
        """Seconds left, above 0. Raises `UrlTooSlow` when there are none."""
        left = self._ends_at - time.monotonic()
        if left <= 0:
            raise UrlTooSlow("the time for a fetch is over", reason=TOO_SLOW)
        return left

    @contextmanager
    def cutting(self, line: socket.socket) -> Iterator[None]:
        """Cut the connection at the deadline, whoever is reading from it at that moment."""
        # A duplicate, since wrapping a socket for TLS takes the descriptor away from this object.
        handle = socket.socket(fileno=os.dup(line.fileno()))
        timer = threading.Timer(self.remaining_s(), _cut, (handle,))
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()
            handle.close()


def _cut(handle: socket.socket) -> None:
    with suppress(OSError):
        handle.shutdown(socket.SHUT_RDWR)
