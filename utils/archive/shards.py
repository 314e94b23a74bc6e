"""Which photos are whose, where several commands share an archive and never talk."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass

from utils.archive.photos import Photo


@dataclass(frozen=True)
class Shard:
    """Shard `index` of `count`, counted from 0. Raises `ValueError`."""

    index: int = 0
    count: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.index < self.count:
            raise ValueError(f"of {self.count} shards there are 0 to {self.count - 1}")

    @classmethod
    def parse(cls, text: str) -> Shard:
        """From `i/n`."""
        if not re.fullmatch(r"\d{1,9}/\d{1,9}", text):
            raise ValueError("i/n, for example 0/8")
        index, count = text.split("/")
        return cls(int(index), int(count))

    def has(self, photo: Photo) -> bool:
        """Whether a photo is this shard's: by its key alone, the same on every machine."""
        if self.count == 1:
            return True
        digest = hashlib.blake2b(os.fsencode(photo.key), digest_size=8).digest()
        return int.from_bytes(digest, "big") % self.count == self.index
