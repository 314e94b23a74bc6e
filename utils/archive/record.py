"""Where results go: a file that is its own record of what is done, or a pipe.

Each result is one write to the end of the file. Whatever was killed in between left at most one
torn result at the end; it is cut off, and its photo is done again.
"""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from utils.archive.names import Names
from utils.archive.photos import STDIN
from utils.errors import OutputError

# More than one result ever comes to: it was something else that damaged the file.
_MOST_TORN_BYTES = 4_000_000


class Form(Protocol):
    """How results are written: `Lines` or `Sheet`. `head` stands once, before all others."""

    head: bytes

    def encoded(self, result: dict[str, Any]) -> bytes:
        """What one result comes to."""

    def read(self, file: BinaryIO) -> Iterator[tuple[str, int]]:
        """Names of what is whole, and where each ends. Raises `OutputError`."""


class Record:
    """One output; `done` counts the photos that it held already.

    Raises `OutputError` where the file is not ours to write, here and in `write`.
    """

    def __init__(self, path: str, form: Form) -> None:
        self._path, self._form = path, form
        self._names = Names()
        self._file = self._opened()
        try:
            if stat.S_ISREG(os.fstat(self._file).st_mode) and path != STDIN:
                self._lock()
                self._go_on()
            else:
                self._put(form.head)
        except BaseException:
            self.close()
            raise
        self.done = len(self._names)

    @property
    def is_terminal(self) -> bool:
        """Whether a person sees it come."""
        return os.isatty(self._file)

    def lacks(self, name: str) -> bool:
        """Whether a photo is still to come; from now on it counts as taken care of.

        A picture from stdin has no name, and is always another one.
        """
        return name == STDIN or self._names.add(name)

    def write(self, result: dict[str, Any]) -> None:
        """Add a photo's result."""
        self._put(self._form.encoded(result))

    def close(self) -> None:
        """On the disk as well, where it is a file."""
        if stat.S_ISREG(os.fstat(self._file).st_mode):
            os.fsync(self._file)
        if self._path != STDIN:
            os.close(self._file)

    def _opened(self) -> int:
        if self._path == STDIN:
            return 1
        try:
            Path(self._path).parent.mkdir(parents=True, exist_ok=True)
            return os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
        except OSError as error:
            raise self._problem(error) from None

    def _lock(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OutputError(f"{self._path}: another run is writing to it.") from None
        except OSError:
            # Some network file systems know no locks.
            return

    def _go_on(self) -> None:
        end = 0
        with open(self._file, "rb", closefd=False) as file:
            try:
                for name, end in self._form.read(file):  # noqa: B007  the last end counts
                    self._names.add(name)
            except OutputError as error:
                raise OutputError(
                    f"{self._path}: {error}. Name another file; this one is left as it is."
                ) from None
        if os.fstat(self._file).st_size - end > _MOST_TORN_BYTES:
            raise OutputError(f"{self._path} is damaged after byte {end}. Name another file.")
        os.ftruncate(self._file, end)
        if end == 0:
            self._put(self._form.head)

    def _put(self, data: bytes) -> None:
        try:
            while data:
                data = data[os.write(self._file, data) :]
        except BrokenPipeError:
            raise  # whoever reads has seen enough: `| head`
        except OSError as error:
            raise self._problem(error) from None

    def _problem(self, error: OSError) -> OutputError:
        return OutputError(f"{self._path} cannot be written: {error.strerror}.")
