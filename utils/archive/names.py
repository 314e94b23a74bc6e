"""A set of names that stays small: of each name a digest, in one block of memory.

A million names take 32 MB; a set of Python's own takes 120 MB for their digests alone.
"""

from __future__ import annotations

import hashlib
import os

_DIGEST_BYTES = 16
_EMPTY = bytes(_DIGEST_BYTES)
_MOST_FULL = 0.75


class Names:
    """A hash table with open addresses. Two names in 2^64 are taken for the same."""

    def __init__(self) -> None:
        self._slots = 1 << 10
        self._table = bytearray(self._slots * _DIGEST_BYTES)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, name: str) -> bool:
        """Take a name in; whether it was not there yet."""
        if self._count >= self._slots * _MOST_FULL:
            self._grow()
        digest = hashlib.blake2b(os.fsencode(name), digest_size=_DIGEST_BYTES).digest()
        new = self._put(digest)
        self._count += new
        return new

    def _put(self, digest: bytes) -> bool:
        table, last = self._table, self._slots - 1
        slot = int.from_bytes(digest[:8], "big") & last
        while True:
            start = slot * _DIGEST_BYTES
            there = table[start : start + _DIGEST_BYTES]
            if there == digest:
                return False
            if there == _EMPTY:
                table[start : start + _DIGEST_BYTES] = digest
                return True
            slot = (slot + 1) & last

    def _grow(self) -> None:
        old, self._slots = self._table, self._slots * 2
        self._table = bytearray(self._slots * _DIGEST_BYTES)
        for start in range(0, len(old), _DIGEST_BYTES):
            digest = bytes(old[start : start + _DIGEST_BYTES])
            if digest != _EMPTY:
                self._put(digest)
