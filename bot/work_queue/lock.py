"""One process per queue file: a lock beside it that the system drops even after a kill -9."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


class Locked(Exception):
    """Another process holds the lock."""


class FileLock:
    """An exclusive lock on `path`, held from `acquire` until `release` or the process's end."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd: int | None = None

    def acquire(self) -> None:
        """Take the lock or raise `Locked` at once."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fd = os.open(self._path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(fd)
            raise Locked from None
        self._fd = fd

    def release(self) -> None:
        """Let others have it; the file stays, for removing it would race with its next owner."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
