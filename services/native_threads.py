"""Slots for inference in a process that gevent has patched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from gevent.threadpool import ThreadPool

T = TypeVar("T")


class NativeThreads:
    """Native threads of their own, so that slow name look-ups in the hub's pool block nobody."""

    def __init__(self, slots: int) -> None:
        self._pool = ThreadPool(slots)

    def run(self, task: Callable[[], T]) -> T:
        """Run the task in a native thread; other greenlets go on meanwhile."""
        value, error = self._pool.spawn(_outcome, task).get()
        if error is not None:
            raise error
        return value  # type: ignore[no-any-return]


def _outcome(task: Callable[[], Any]) -> tuple[Any, Exception | None]:
    # gevent prints a traceback for every exception that leaves a pool's thread, and a picture
    # that cannot be read is no news.
    try:
        return task(), None
    except Exception as error:  # noqa: BLE001 - raised again by the caller
        return None, error
