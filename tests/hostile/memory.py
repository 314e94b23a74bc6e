"""How far a service grows over its size at rest."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psutil

from tests.service_processes import Process


class Growth:
    """What services that were watched took at most above what they had at rest."""

    def __init__(self) -> None:
        self._mb: list[float] = []

    @property
    def peak_mb(self) -> float | None:
        """In MB; None where none was watched."""
        return max(self._mb, default=None)

    @contextmanager
    def watching(self, service: Process) -> Iterator[None]:
        """Watch a service, at rest now, for the length of the block."""
        stop = threading.Event()
        watch = threading.Thread(target=self._watch, args=(service, stop))
        watch.start()
        try:
            yield
        finally:
            stop.set()
            watch.join()

    def _watch(self, service: Process, stop: threading.Event) -> None:
        idle = _mb(service)
        while not stop.wait(0.05):
            with suppress(psutil.Error):
                self._mb.append(_mb(service) - idle)


def workers(service: Process) -> list[int]:
    """The ids of the processes that answer."""
    return sorted(child.pid for child in psutil.Process(service.popen.pid).children())


def _mb(service: Process) -> float:
    master = psutil.Process(service.popen.pid)
    total = 0.0
    for process in (master, *master.children(recursive=True)):
        with suppress(psutil.Error):
            memory = process.memory_info()
            # What it shares is there for all of them once.
            total += (memory.rss - memory.shared) / 1e6
    return total
