"""Inference beside the hub: a bounded row of native threads and a short line before them.

The pipeline holds the processor and never yields. Run in the hub's own thread it would stop health
checks, uploads and downloads of the whole worker for as long as a picture takes.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Protocol, TypeVar

from services.engine import Engine
from services.gate import Gate
from utils.faces import Analysis
from utils.pipeline import ALL, Annotated, Options, Target

T = TypeVar("T")

# A line of twelve photos per slot is emptied within a second or two; whoever would wait longer is
# better served by another replica. With eight, sixteen honest callers beside as many hostile ones
# were told to come again, which is a whole second, in 1.4 % of cases (`benchmarks.mixed`). That is
# the callers' line. Jobs have one of their own, a third as long, so that they never take a place
# from a caller of the API, who has no queue to wait in: the bot can keep the others in its own.
LINE_PER_SLOT, JOBS_PER_SLOT = 12, 4


class Slots(Protocol):
    """Runs a function where it may hold the processor, and returns what it returned."""

    def run(self, task: Callable[[], T]) -> T:
        """Wait for a slot, run the task in it, return its value or raise its error."""


class InPlace:
    """The caller's own thread, `slots` at a time: for tests, Lambda and threaded servers."""

    def __init__(self, slots: int) -> None:
        self._free = threading.BoundedSemaphore(slots)

    def run(self, task: Callable[[], T]) -> T:
        """Run the task in this thread, once fewer than `slots` others do."""
        with self._free:
            return task()


class Inference:
    """The engine behind gates: `slots` at work, a line of callers and one of jobs.

    `model` is name and version of what answers.
    """

    def __init__(self, engine: Engine, slots: int) -> None:
        self._engine = engine
        self._slots = _slots_of_this_server(slots)
        self._gate = Gate(slots + LINE_PER_SLOT * slots, name="the line for inference")
        self._jobs = Gate(slots + JOBS_PER_SLOT * slots, name="the jobs' line")
        self.model = engine.model
        self.ready = False

    def warm_up(self) -> None:
        """The first inference; from then on the service is ready."""
        self._slots.run(self._engine.warm_up)
        self.ready = True

    def analyze(self, data: bytes, options: Options = ALL) -> Analysis:
        """Faces of a picture. Raises `Busy` when the line is full.

        What its header refuses takes no place in it from others.
        """
        self._engine.check(data)
        with self._gate.place():
            return self._slots.run(lambda: self._engine.analyze(data, options))

    def annotate(self, data: bytes, target: Target, options: Options = ALL) -> Annotated:
        """Faces of a picture, drawn in. Raises `Busy` when the line is full."""
        self._engine.check(data)
        with self._gate.place():
            return self._slots.run(lambda: self._engine.annotate(data, target, options))

    def require_room(self) -> None:
        """Raise `Busy` where a job would find its line full: before it is fetched."""
        with self._jobs.place():
            pass

    def annotate_job(self, data: bytes) -> Annotated:
        """Faces of a job's picture, drawn in for the chat.

        Waits where the line has filled up since `require_room`: fetching it again would cost more.
        """
        self._engine.check(data)
        with self._jobs.place(wait=True):
            return self._slots.run(lambda: self._engine.annotate(data, "chat"))


def _slots_of_this_server(slots: int) -> Slots:
    # Whoever patched has imported it; AWS Lambda has no gevent to import.
    monkey = sys.modules.get("gevent.monkey")
    if monkey is None or not monkey.is_module_patched("threading"):
        return InPlace(slots)
    from services.native_threads import NativeThreads

    return NativeThreads(slots)
