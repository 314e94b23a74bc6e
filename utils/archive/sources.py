"""From what was named on the command line to photos, one after the other, never all at once.

Folders are walked in a stable order without being held in memory: names are sorted in blocks, so
that only a folder of more than a block's size comes in several sorted runs.
"""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from utils.archive.photos import STDIN, Photo, is_url
from utils.errors import Unreadable

_BLOCK = 10_000
_LIST_BLOCK_BYTES = 1 << 16
# Results must not wait for the next name.
_PATIENCE_S = 0.1
# Of a file of names: longer than any path or URL that works.
_MAX_NAME_BYTES = 1 << 16


@dataclass(frozen=True)
class Sources:
    """All that was named: `names` as they are, and those in the file `listed_in` (`-`: stdin).

    Names in the file end with a newline, or, where `null`, with NUL. `avoid` is a folder that is
    never walked into: the command's own results. `max_bytes` of a picture are read from stdin.
    """

    names: tuple[str, ...]
    listed_in: str | None = None
    null: bool = False
    avoid: Path | None = None
    max_bytes: int = 0

    def photos(self) -> Iterator[Photo | None]:
        """Every photo, as often as it is named; None where names are still to come through a pipe.

        Raises `Unreadable` for the file of names alone.
        """
        avoided = _identity(self.avoid)
        alone = len(self.names) == 1 and self.listed_in is None
        for name in self.names:
            if name == STDIN:
                data = sys.stdin.buffer.read(self.max_bytes + 1)
                yield Photo(STDIN, STDIN, "stdin", data=data)
            else:
                yield from _of(name, avoided, alone=alone)
        for listed in self._listed():
            if listed is None:
                yield None
            else:
                yield from _of(listed, avoided)

    @property
    def countable(self) -> bool:
        """Whether `photos` can be asked twice: not where stdin or a pipe is read."""
        piped = self.listed_in is not None and not Path(self.listed_in).is_file()
        return STDIN not in self.names and not piped

    def _listed(self) -> Iterator[str | None]:
        if self.listed_in is None:
            return
        end = b"\0" if self.null else b"\n"
        if self.listed_in == STDIN:
            yield from _names_in(sys.stdin.fileno(), end)
            return
        try:
            with Path(self.listed_in).open("rb") as file:
                yield from _names_in(file.fileno(), end)
        except OSError as error:
            raise Unreadable(f"--from {self.listed_in}: {error.strerror}") from None


def _names_in(file: int, end: bytes) -> Iterator[str | None]:
    rest = b""
    while True:
        if not select.select([file], [], [], _PATIENCE_S)[0]:
            yield None
            continue
        block = os.read(file, _LIST_BLOCK_BYTES)
        if not block:
            break
        *names, rest = (rest + block).split(end)
        yield from _decoded(names, end)
        if len(rest) > _MAX_NAME_BYTES:
            raise Unreadable("--from: a name of more than 64 kB; is this a list of names?")
    yield from _decoded([rest], end)


def _decoded(names: Iterable[bytes], end: bytes) -> Iterator[str]:
    for name in names:
        # A list that was made elsewhere may end its lines with both.
        bare = name.removesuffix(b"\r") if end == b"\n" else name
        if bare:
            yield os.fsdecode(bare)


def _tidy(path: str) -> str:
    """The path without `.` and double slashes: one name for one file, whoever wrote it how.

    What follows `..` depends on symlinks and is left alone.
    """
    parts = [part for part in path.split("/") if part not in ("", ".")]
    tidy = ("/" if path.startswith("/") else "") + "/".join(parts) or "."
    return f"./{tidy}" if tidy == STDIN else tidy


def _of(name: str, avoided: tuple[int, int] | None, *, alone: bool = False) -> Iterator[Photo]:
    """The photos of one name; where nothing else is named, their places are short."""
    if is_url(name):
        yield Photo(name, name, name)
        return
    top = _tidy(name)
    # What is neither there nor readable is a photo all the same, and fails as one.
    if not os.path.isdir(top):  # noqa: PTH112  a path of Path's costs more, and a million wait
        yield Photo(top, top, os.path.basename(top) if alone else top)  # noqa: PTH119
        return
    before = len(top) + (not top.endswith("/"))
    for path, listed in _walk(top, avoided):
        shown = path.removeprefix("./") if top == "." else path
        key = path[before:] or path
        yield Photo(shown, key, key if alone else shown, listed=listed)


def _walk(top: str, avoided: tuple[int, int] | None) -> Iterator[tuple[str, bool]]:
    """Paths of all that is no folder; of a folder that cannot be listed its own, with False.

    A symlink to a folder is not followed, so that nothing comes twice and no loop is walked. A
    stack of our own: nested generators would end at a depth of a thousand folders.
    """
    stack = [_entries(top)]
    folders = [top]
    while stack:
        try:
            entry = next(stack[-1], None)
        except OSError:
            yield folders[-1], False
            entry = None
        if entry is None:
            stack.pop()
            folders.pop()
        elif not _is_folder(entry):
            yield entry.path, True
        elif not (avoided and entry.inode() == avoided[1] and _identity(entry) == avoided):
            stack.append(_entries(entry.path))
            folders.append(entry.path)


def _entries(folder: str) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as listing:
        while block := sorted(islice(listing, _BLOCK), key=lambda entry: entry.name):
            yield from block


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def _identity(path: Path | os.DirEntry[str] | None) -> tuple[int, int] | None:
    """Device and inode, or None where there is nothing."""
    if path is None:
        return None
    try:
        status = os.stat(path)  # noqa: PTH116  an entry of a folder is no Path
    except OSError:
        return None
    return status.st_dev, status.st_ino
