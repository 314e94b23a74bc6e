"""Pictures from pictures: a few things that go wrong in one, or that somebody put there."""

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Callable, Sequence

# At the borders of what numbers in headers can be.
_NUMBERS = (0, 1, 2, 7, 8, 16, 127, 128, 255, 256, 32_767, 32_768, 65_535, 65_536, 2**31 - 1, 2**31)
_NUMBERS += (2**32 - 1,)
_MOST_BYTES = 200_000


def mutated(rng: random.Random, pictures: Sequence[bytes]) -> bytes:
    """One of the pictures with one to six mutations."""
    data = bytearray(rng.choice(pictures))
    for _ in range(rng.choice((1, 1, 2, 3, 6))):
        rng.choice(_MUTATIONS)(rng, data, pictures)
    del data[_MOST_BYTES:]
    return _with_checksums(bytes(data)) if rng.random() < 0.7 else bytes(data)


def _place(rng: random.Random, data: bytearray) -> int:
    # Headers stand at the beginning.
    most = len(data) if rng.random() < 0.5 else min(len(data), 200)
    return rng.randrange(most) if most else 0


def _flip(rng: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    if data:
        data[_place(rng, data)] ^= 1 << rng.randrange(8)


def _set(rng: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    if data:
        data[_place(rng, data)] = rng.randrange(256)


def _number(rng: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    code = rng.choice(("<H", ">H", "<I", ">I"))
    size = struct.calcsize(code)
    at = _place(rng, data)
    data[at : at + size] = struct.pack(code, rng.choice(_NUMBERS) % 256**size)


def _delete(rng: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    at = _place(rng, data)
    del data[at : at + rng.choice((1, 2, 4, 30, 500))]


def _repeat(rng: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    at = _place(rng, data)
    part = data[at : at + rng.choice((1, 2, 12, 60, 500))]
    data[at:at] = part * rng.choice((1, 2, 50, 1_500))


def _insert(rng: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    data[_place(rng, data) : 0] = rng.randbytes(rng.choice((1, 4, 40)))


def _cut(rng: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    del data[_place(rng, data) :]


def _splice(rng: random.Random, data: bytearray, pictures: Sequence[bytes]) -> None:
    other = rng.choice(pictures)
    data[_place(rng, data) :] = other[rng.randrange(len(other)) :]


Mutation = Callable[[random.Random, bytearray, Sequence[bytes]], None]
_MUTATIONS: tuple[Mutation, ...] = (
    *(_flip, _flip, _set, _number, _number, _number),
    *(_delete, _repeat, _insert, _cut, _splice),
)


def _with_checksums(data: bytes) -> bytes:
    """Of a PNG, whose decoder would look no further than a wrong one."""
    if not data.startswith(b"\x89PNG\r\n\x1a\n"):
        return data
    mended, at = bytearray(data), 8
    while at + 12 <= len(data):
        end = at + 8 + int.from_bytes(data[at : at + 4], "big")
        if end + 4 > len(data):
            break
        mended[end : end + 4] = struct.pack(">I", zlib.crc32(data[at + 4 : end]))
        at = end + 4
    return bytes(mended)
