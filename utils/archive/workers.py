"""Processes of this machine that share the photos among them.

Each holds a pipeline, has one photo at work and one waiting, and talks over a pipe of its own. A
process that dies takes nobody along: its photo is tried once more elsewhere, and becomes an error
when it ends that one too. When the command itself is killed, the pipes close and they end.
"""

from __future__ import annotations

import gc
import os
import selectors
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, Pipe

from utils.archive.order import Order
from utils.archive.photos import UNKNOWN, Outcome, Photo
from utils.errors import ModelError, OutputError, SemblanceError

_WAITING = 2
_TRIES = 2
_STOP_S = 3.0
# Nothing of this process is copied: a fork would bring along whatever threads hold. That is what
# multiprocessing's spawn does as well, with one process more that it has no use for here.
_PROGRAM = "import sys; sys.path = {path!r}; from utils.archive.workers import work; work({line})"


@dataclass
class _Task:
    photo: Photo
    tries: int = 0


class _Worker:
    """One process, and what it was given, oldest first."""

    def __init__(self, order: Order) -> None:
        self.tasks: deque[_Task] = deque()
        self.ready = False
        self.line, theirs = Pipe()
        program = _PROGRAM.format(path=sys.path, line=theirs.fileno())
        # Ctrl-C reaches all processes of a terminal; what it means is decided in this one.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT,))
        try:
            self._process = subprocess.Popen(  # noqa: S603 - this very program
                [sys.executable, "-c", program],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
            )
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            theirs.close()
        self._send(order)

    def takes(self, task: _Task) -> bool:
        """Whether the task can be sent at once: a picture of its own only to one that waits."""
        return len(self.tasks) < (_WAITING if task.photo.data is None else 1)

    def give(self, task: _Task) -> None:
        """Send it; what a dead one does not take is found out when it is listened to."""
        self.tasks.append(task)
        self._send(task.photo)

    def stop(self, *, at: float) -> None:
        """It may finish its photo until then (`time.monotonic`), and nobody hears of it."""
        self.line.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(max(0, at - time.monotonic()))
        self._process.kill()
        self._process.wait()

    def _send(self, what: Order | Photo) -> None:
        with suppress(BrokenPipeError, ConnectionResetError):
            self.line.send(what)


def outcomes(photos: Iterator[Photo | None], order: Order, most: int) -> Generator[Outcome]:
    """What came of every photo, as they get done, by `most` processes at most.

    None among the photos says that the next one is still to come.
    Raises `ModelError` and `OutputError`.
    """
    team = _Team(photos, order, most)
    try:
        while team.feed():
            yield from team.hear()
    finally:
        team.stop()


class _Team:
    """The processes, and the photos that they are still to get."""

    def __init__(self, photos: Iterator[Photo | None], order: Order, most: int) -> None:
        self._order, self._most = order, most
        self._photos = photos
        self._more_to_come = True
        self._again: deque[_Task] = deque()
        self._workers: list[_Worker] = []
        self._lines = selectors.DefaultSelector()
        self._is_waiting = False

    def feed(self) -> bool:
        """Give out what can be given out; whether anything is out or still to come."""
        self._is_waiting = False
        while self._has_room():
            task = self._again.popleft() if self._again else self._next()
            if task is None:
                break
            worker = self._taker()
            if not worker.takes(task):
                self._again.appendleft(task)
                break
            worker.give(task)
        return self._more_to_come or any(worker.tasks for worker in self._workers)

    def _next(self) -> _Task | None:
        try:
            photo = next(self._photos)
        except StopIteration:
            self._more_to_come = False
            return None
        self._is_waiting = photo is None
        return None if photo is None else _Task(photo)

    def hear(self) -> Iterator[Outcome]:
        """Wait for one or more of them, unless a name is awaited. Raises what they report."""
        for key, _ in self._lines.select(0 if self._is_waiting else None):
            worker: _Worker = key.data
            try:
                said = worker.line.recv()
            except (EOFError, ConnectionResetError):
                yield from self._lost(worker)
                continue
            worker.ready = True
            if isinstance(said, SemblanceError):
                raise said
            if isinstance(said, Outcome):
                worker.tasks.popleft()
                yield said

    def stop(self) -> None:
        """All of them, at the same time."""
        self._lines.close()
        for worker in self._workers:
            worker.line.close()
        at = time.monotonic() + _STOP_S
        for worker in self._workers:
            worker.stop(at=at)

    def _has_room(self) -> bool:
        full = all(len(worker.tasks) >= _WAITING for worker in self._workers)
        return len(self._workers) < self._most or not full

    def _taker(self) -> _Worker:
        """One that idles; else a new one, so that one photo starts one and many start all."""
        least = min(self._workers, key=lambda worker: len(worker.tasks), default=None)
        if least is None or (least.tasks and len(self._workers) < self._most):
            least = _Worker(self._order)
            self._workers.append(least)
            self._lines.register(least.line, selectors.EVENT_READ, least)
        return least

    def _lost(self, worker: _Worker) -> Iterator[Outcome]:
        """One has died: whose photo it was is the oldest of what it had."""
        self._workers.remove(worker)
        self._lines.unregister(worker.line)
        worker.stop(at=time.monotonic() + _STOP_S)
        if not worker.ready:
            raise ModelError(
                "a process ended while it loaded the networks. Is there enough memory?"
            )
        if not worker.tasks:
            return
        first = worker.tasks.popleft()
        self._again.extend(worker.tasks)
        first.tries += 1
        if first.tries < _TRIES:
            self._again.append(first)
        else:
            yield Outcome.of_error(first.photo.name, UNKNOWN)


def work(file: int) -> None:
    """The other process, on its end of a pipe: load, then photo after photo until that closes."""
    # Nothing becomes garbage while modules are loaded.
    gc.disable()
    # OpenBLAS would start a thread a core, for matrices of four numbers.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from utils.archive.analyst import Analyst

    line = Connection(file)
    with suppress(EOFError, BrokenPipeError, ConnectionResetError):
        try:
            analyst = Analyst(line.recv())
            gc.freeze()
            gc.enable()
            line.send(True)
            # Libraries of pictures write there what is wrong with them, into the bar of progress.
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            while True:
                line.send(analyst.look(line.recv()))
        except (ModelError, OutputError) as error:
            line.send(error)
    # There is nothing left to be put in order, and to free every network takes a while.
    os._exit(0)
