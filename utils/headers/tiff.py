"""A walk over the directories (IFDs) of a TIFF (TIFF 6.0, section 2, and BigTIFF).

Only the first is decoded. The others are followed because a chain that runs in a circle, or
without an end, keeps whoever counts pictures busy for ever.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from utils.headers.judgement import (
    METADATA_MAX_BYTES,
    Fits,
    Header,
    broken,
    require_exif_size,
    require_profile_size,
)

_ENTRIES_MAX, _DIRECTORIES_MAX, _DEPTH_MAX = 1_000, 1_000, 4
_WIDTH, _HEIGHT, _TILE_WIDTH, _TILE_HEIGHT, _PROFILE = 256, 257, 322, 323, 34675
# Directories within directories: of previews, EXIF, GPS, interoperability.
_SUBDIRECTORIES = (330, 34665, 34853, 40965)
# Where the strips and tiles lie and how long they are.
_PIXELS = (273, 279, 324, 325)
_BYTES_OF_TYPE = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
_BYTES_OF_TYPE |= {13: 4, 16: 8, 17: 8, 18: 8}
_UNSIGNED = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}


@dataclass(frozen=True)
class _Entry:
    """A field: its tag, the bytes of all its values, and where they stand."""

    tag: int
    kind: int
    count: int
    at: int

    @property
    def n_bytes(self) -> int:
        return self.count * _BYTES_OF_TYPE.get(self.kind, 1)


class _File:
    """The bytes with their order, and whether offsets have four or eight of them."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.order = "<" if data.startswith(b"II") else ">"
        self.big = data[2:4] in (b"+\0", b"\0+")
        self.first = self.number("Q" if self.big else "I", 8 if self.big else 4)

    def number(self, code: str, at: int) -> int:
        return int(struct.unpack_from(self.order + code, self.data, at)[0])

    def directory(self, at: int) -> tuple[list[_Entry], int]:
        """The fields of the directory there, and where the next one is (0: nowhere)."""
        head, step, inline = (8, 20, 8) if self.big else (2, 12, 4)
        entries = self.number("Q" if self.big else "H", at)
        if entries > _ENTRIES_MAX:
            raise broken("too_many_tags", f"{entries} tags in a directory")
        found = []
        for n in range(entries):
            start = at + head + n * step
            kind = self.number("H", start + 2)
            count = self.number("Q" if self.big else "I", start + 4)
            values = start + step - inline
            if count * _BYTES_OF_TYPE.get(kind, 1) > inline:
                values = self.number("Q" if self.big else "I", values)
            found.append(_Entry(self.number("H", start), kind, count, values))
        return found, self.number("Q" if self.big else "I", at + head + entries * step)

    def values(self, entry: _Entry) -> Iterator[int]:
        code = _UNSIGNED.get(entry.kind)
        if code is not None:
            for n in range(min(entry.count, _DIRECTORIES_MAX)):
                yield self.number(code, entry.at + n * struct.calcsize(code))


def walk(data: bytes, fits: Fits) -> Header:
    """The header of a TIFF: of the first picture in it.

    Raises `ImageBroken`, and what `fits` raises.
    """
    file = _File(data)
    first, _ = file.directory(file.first)
    numbers = {entry.tag: next(file.values(entry), 0) for entry in first}
    size_wh = numbers.get(_WIDTH, 0), numbers.get(_HEIGHT, 0)
    fits(*size_wh)
    if _TILE_WIDTH in numbers:
        # A decoder makes room for a whole tile, however small the picture is.
        fits(numbers[_TILE_WIDTH], numbers.get(_TILE_HEIGHT, 0))
    _judge(first)
    _follow(file)
    return Header("TIFF", size_wh)


def _judge(entries: list[_Entry]) -> None:
    for entry in entries:
        if entry.tag == _PROFILE:
            require_profile_size(entry.n_bytes)
        elif entry.tag in _SUBDIRECTORIES:
            require_exif_size(entry.n_bytes)
        elif entry.tag not in _PIXELS and entry.n_bytes > METADATA_MAX_BYTES:
            raise broken("metadata_bomb", f"{entry.n_bytes} bytes in tag {entry.tag}")


def _follow(file: _File) -> None:
    """Every directory once. Raises where one comes again, and where they are too many."""
    seen: set[int] = set()
    ahead = [(file.first, 0)]
    while ahead:
        at, depth = ahead.pop()
        if at in seen:
            raise broken("cyclic_ifds")
        if len(seen) >= _DIRECTORIES_MAX or depth > _DEPTH_MAX:
            raise broken("too_many_ifds", f"{len(seen)} directories, {depth} deep")
        seen.add(at)
        try:
            entries, after = file.directory(at)
            for entry in entries:
                if entry.tag in _SUBDIRECTORIES:
                    ahead += ((value, depth + 1) for value in file.values(entry))
        except (struct.error, OverflowError):
            # One that leads out of the file is read by nobody: the first has been read already.
            continue
        if after:
            ahead.append((after, depth))
