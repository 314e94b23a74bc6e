"""What the command line works on, and what comes of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from utils.archive.lines import named
from utils.errors import SemblanceError

STDIN = "-"
# Of what nobody foresaw.
UNKNOWN = SemblanceError(sentence="This photo could not be analysed.")
_URL = re.compile(r"https?://", re.IGNORECASE)


@dataclass(frozen=True)
class Photo:
    """A photo by its `name`: a path, a URL, or `-` with its `data`.

    Bytes of a path that are no UTF-8 stand in `name` as Python's surrogates. `key` is what shards
    divide by: of a file in a folder its path below that folder, else the name; `place` is its path
    among annotated pictures. What is `listed` was found in a folder, where not everything need be
    a picture.
    """

    name: str
    key: str
    place: str
    listed: bool = False
    data: bytes | None = None

    @property
    def is_url(self) -> bool:
        """Whether it must be fetched first; nothing in a folder is a URL."""
        return not self.listed and is_url(self.name)


def is_url(name: str) -> bool:
    """Whether somebody who writes this means a URL."""
    return _URL.match(name) is not None


@dataclass(frozen=True)
class Outcome:
    """What came of one photo.

    `result` is a line of the output: `photo` and either an analysis or an `error`; None where a
    listed file is no picture. `picture` is the annotated one where it was asked for itself.
    """

    name: str
    result: dict[str, Any] | None
    picture: bytes | None = None

    @classmethod
    def of_error(cls, name: str, error: SemblanceError) -> Outcome:
        """A photo's error in the shape that every door has, but for the request it lacks."""
        told = {"error": {"code": error.code, "message": error.public_sentence}}
        return cls(name, named(name) | told)

    @property
    def failed(self) -> bool:
        """Whether the result tells an error."""
        return self.result is not None and "error" in self.result
