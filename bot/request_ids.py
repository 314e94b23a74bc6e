"""Which job this thread or task is about, for its log lines: from the update to the last word."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from utils.jobs import Job

_current: ContextVar[str] = ContextVar("request_id", default="-")


def current() -> str:
    """The id of the job at hand, `-` where there is none."""
    return _current.get()


@contextmanager
def of(job: Job) -> Iterator[None]:
    """Log lines inside are about this job; its id is also that of its requests."""
    before = _current.set(job.id)
    try:
        yield
    finally:
        _current.reset(before)
