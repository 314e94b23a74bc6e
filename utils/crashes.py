"""What a process says and leaves behind when it breaks: log lines without words, and no memory.

Python's own last words quote an exception, which may hold a URL, a token, a stranger's file name; a
core dump holds all that the process knew, pictures too.
"""

from __future__ import annotations

import contextlib
import logging
import sys
import threading
from types import TracebackType
from typing import Any

_log = logging.getLogger(__name__)
# Not 0: where the system hands a dump to a program, it asks a limit of 1 alone (core(5)).
_NO_CORE_BYTES = 1


def leave_no_dump() -> None:
    """Of this process and all that it starts; where the system knows no dumps nothing is done."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_CORE)
        most = _NO_CORE_BYTES if hard == resource.RLIM_INFINITY else min(_NO_CORE_BYTES, hard)
        resource.setrlimit(resource.RLIMIT_CORE, (most, most))


def log_what_nobody_caught() -> None:
    """Exceptions that end a process or a thread, or come from a destructor, become log lines."""
    sys.excepthook = _of_the_process
    threading.excepthook = lambda told: _say(told.exc_type, told.exc_value, told.exc_traceback)
    sys.unraisablehook = lambda told: _say(told.exc_type, told.exc_value, told.exc_traceback)


def of_a_greenlet(
    _context: object, kind: type[BaseException], error: BaseException, trace: Any
) -> None:
    """In place of `gevent.hub.Hub.print_exception`."""
    _say(kind, error, trace)


def of_a_loop(_loop: object, context: dict[str, Any]) -> None:
    """In place of asyncio's own handler, which writes a task's exception into its message."""
    error = context.get("exception")
    if isinstance(error, BaseException):
        _say(type(error), error, error.__traceback__)
    else:
        _log.error("asyncio: %s", context.get("message"))


def _of_the_process(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    _say(kind, error, trace)


def _say(
    kind: type[BaseException], error: BaseException | None, trace: TracebackType | None
) -> None:
    known = (kind, error if error is not None else kind(), trace)
    _log.critical("%s, which nobody caught", kind.__name__, exc_info=known)
