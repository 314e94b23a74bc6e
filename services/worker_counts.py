"""Where the workers of one gunicorn keep their counts, so that any of them can tell the sum.

prometheus_client keeps the figures of each process in files of its own. Here a worker is known by
the lowest number that is free, not by its pid: whoever takes a dead worker's place goes on with its
files, so that no count ever goes back and there are never more files than workers were at once.

gunicorn.conf.py calls `prepare` and hangs the four hooks into gunicorn.
"""

from __future__ import annotations

import fcntl
import functools
import itertools
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from prometheus_client import values
from prometheus_client.multiprocess import mark_process_dead

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"  # the library's own name
_PREFIX = "semblance-metrics-"
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - counting must not wait for a disk

_number = 0


@functools.cache
def prepare(parent: Path | None = None) -> Path:
    """Make the folder of this gunicorn; metrics made from here on are kept in it."""
    if parent is None:
        usable = os.access(_SHARED_MEMORY, os.W_OK)
        parent = _SHARED_MEMORY if usable else Path(tempfile.gettempdir())
    _remove_dead(parent)
    unfinished = Path(tempfile.mkdtemp(prefix=f".{_PREFIX}", dir=parent))
    # Kept open: the workers inherit it, so that the folder counts as alive until the last has gone.
    if _lock(unfinished) is None:
        raise OSError(f"cannot lock {unfinished}")
    # Only now under its name, or a gunicorn that starts beside this one would take it for dead.
    folder = unfinished.rename(parent / unfinished.name.removeprefix("."))
    os.environ[FOLDER_VARIABLE] = str(folder)
    values.ValueClass = values.MultiProcessValue(lambda: _number)
    return folder


def _remove_dead(parent: Path) -> None:
    """Remove the folders of gunicorns that were killed."""
    for folder in parent.glob(f"{_PREFIX}*"):
        descriptor = _lock(folder)
        if descriptor is not None:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(descriptor)


def _lock(folder: Path) -> int | None:
    """The descriptor that holds the folder's lock; None where another process has it."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def pre_fork(server: Any, worker: Any) -> None:
    """In the master, before a worker: the lowest number that no living worker has."""
    taken = {other.number for other in server.WORKERS.values()}
    worker.number = next(n for n in itertools.count(1) if n not in taken)


def post_fork(_server: Any, worker: Any) -> None:
    """In the worker: count under this number from now on."""
    global _number  # noqa: PLW0603 - one process, one number
    _number = worker.number


def child_exit(_server: Any, worker: Any) -> None:
    """In the master, after a worker: what it had in flight is no longer in flight."""
    mark_process_dead(worker.number)


def on_exit(_server: Any) -> None:
    """In the master, at its end."""
    shutil.rmtree(prepare(), ignore_errors=True)
