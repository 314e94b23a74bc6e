"""What strangers sent, looked for wherever a run could have written it.

A picture is known by short pieces of its bytes, as they are and in base64 at each alignment, so
that a part of it is found as well as the whole.
"""

from __future__ import annotations

import base64
import os
import stat
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import psutil

_PIECE_BYTES = 16
# Also how far the first one is from the beginning: headers and tables are alike in many files.
_APART_BYTES = 997
# Fewer than these different bytes, and a piece may stand in any file.
_DISTINCT = 10
_PART_BYTES, _OVERLAP_BYTES = 1 << 26, 1 << 10
_LOOK_EVERY_S = 0.1
_TEMPORARY = (Path("/tmp"), Path("/var/tmp"), Path("/dev/shm"))


class Traces:
    """Words and pieces of pictures, and where they are found."""

    def __init__(self) -> None:
        self._needles: dict[bytes, list[tuple[bytes, str]]] = {}
        # By the first three bytes, so that most places of a file are passed over quickly.
        self._begins = np.zeros(1 << 24, bool)

    def add_word(self, what: str, word: str) -> str:
        """Look for a word of seven characters or more; the word again."""
        assert len(word) >= 7, word
        self._add(what, word.encode())
        return word

    def add_bytes(self, what: str, data: bytes) -> bytes:
        """Look for a picture; its bytes again."""
        pieces = [
            data[start : start + _PIECE_BYTES]
            for start in range(_APART_BYTES, len(data) - _PIECE_BYTES, _APART_BYTES)
        ]
        distinct = [piece for piece in pieces if len(set(piece)) >= _DISTINCT]
        assert distinct, what
        for piece in distinct:
            self._add(what, piece)
            # Whole groups of three bytes have the same letters wherever the text began.
            for shift in range(3):
                whole = (_PIECE_BYTES - shift) // 3 * 3
                self._add(f"{what} in base64", base64.b64encode(piece[shift : shift + whole]))
        return data

    def _add(self, what: str, needle: bytes) -> None:
        self._needles.setdefault(needle[:4], []).append((needle, what))
        self._begins[int.from_bytes(needle[:3], "little")] = True

    def found_in(self, data: bytes) -> set[str]:
        """What of it stands in these bytes."""
        found: set[str] = set()
        for offset in range(4):
            count = max(0, len(data) - offset) // 4
            words = np.frombuffer(data, "<u4", count, offset) if count else np.empty(0, np.uint32)
            for place in np.flatnonzero(self._begins[words & 0xFFFFFF]):
                start = int(place) * 4 + offset
                for needle, what in self._needles.get(data[start : start + 4], ()):
                    if data.startswith(needle, start):
                        found.add(what)
        return found

    def found_among(self, places: Iterable[tuple[str, bytes]]) -> list[str]:
        """What is found, and where."""
        return sorted(f"{what}: {place}" for place, data in places for what in self.found_in(data))


def files_below(*folders: Path, since: float = 0.0) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of each file that was written since a time (seconds since the epoch)."""
    for folder in folders:
        for parent, _, names in os.walk(folder):
            for name in names:
                path = Path(parent, name)
                # Others come and go there meanwhile.
                with suppress(OSError):
                    about = path.lstat()
                    if stat.S_ISREG(about.st_mode) and about.st_mtime >= since:
                        yield from ((str(path), part) for part in _parts(path))


def _parts(path: Path) -> Iterator[bytes]:
    """A file in parts that overlap, for others' files there may be very large."""
    with path.open("rb") as file:
        part = file.read(_PART_BYTES)
        while part:
            yield part
            more = file.read(_PART_BYTES)
            part = part[-_OVERLAP_BYTES:] + more if more else b""


def temporary_files(since: float) -> Iterator[tuple[str, bytes]]:
    """Those of the whole machine."""
    return files_below(*_TEMPORARY, since=since)


def open_files(processes: Iterable[psutil.Process]) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of each regular file that is open, also of one that was deleted."""
    for path, _ in _open(processes):
        with suppress(OSError):
            yield f"{path} ({path.readlink()})", path.read_bytes()


def _open(processes: Iterable[psutil.Process]) -> Iterator[tuple[Path, tuple[int, ...]]]:
    """Each once, with what changes when it is written."""
    seen: set[tuple[int, ...]] = set()
    for process in processes:
        with suppress(OSError):
            for path in Path(f"/proc/{process.pid}/fd").iterdir():
                with suppress(OSError):
                    about = path.stat()
                    state = (about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns)
                    if stat.S_ISREG(about.st_mode) and state not in seen:
                        seen.add(state)
                        yield path, state


class Watch:
    """Looks at all files that processes have open, again and again while the block runs.

    nginx, for one, deletes a file right after opening it: afterwards nothing would tell of it.
    """

    def __init__(self, traces: Traces, processes: Iterable[psutil.Process]) -> None:
        self._traces, self._processes = traces, list(processes)
        self._known: set[tuple[int, ...]] = set()
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self.found: set[str] = set()
        self.looks = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ends.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ends.wait(_LOOK_EVERY_S):
            self.looks += 1
            for path, state in _open(self._processes):
                if state not in self._known:
                    self._known.add(state)
                    with suppress(OSError):
                        data, where = path.read_bytes(), path.readlink()
                        self.found |= {f"{what}: {where}" for what in self._traces.found_in(data)}
