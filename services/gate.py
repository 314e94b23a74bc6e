"""A bounded number of requests at work: who comes when it is full is told so at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from utils.errors import Busy


class Gate:
    """Lets `limit` in at a time and raises `Busy` for the next one, unless that one waits."""

    def __init__(self, limit: int, *, name: str, retry_after_s: float = 1.0) -> None:
        self._places = threading.BoundedSemaphore(limit)
        self._refusal = f"all {limit} places of {name} are taken"
        self._retry_after_s = retry_after_s

    @contextmanager
    def place(self, *, wait: bool = False) -> Iterator[None]:
        """Hold a place for the length of the block."""
        if not self._places.acquire(blocking=wait):
            raise Busy(self._refusal, retry_after_s=self._retry_after_s)
        try:
            yield
        finally:
            self._places.release()
