"""Results for a person at a terminal: a face a line."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from typing import Any, BinaryIO

# What a name could move the cursor with, or hide.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_LEAST_NAME = 12
_EXPRESSION, _GENDER = 22, 14


class Table:
    """Results in columns as wide as the terminal allows."""

    def __init__(self) -> None:
        columns = shutil.get_terminal_size().columns
        self._name = max(_LEAST_NAME, columns - _EXPRESSION - _GENDER - 26)
        self.head = self._row("photo", "expression", "gender", "box").encode()

    def encoded(self, result: dict[str, Any]) -> bytes:
        """One photo's lines, UTF-8."""
        return "".join(self._lines(result)).encode()

    def read(self, _file: BinaryIO) -> Iterator[tuple[str, int]]:
        """Nothing: a table is for a person."""
        return iter(())

    def _lines(self, result: dict[str, Any]) -> Iterator[str]:
        name = self._shortened(_CONTROL.sub("?", result["photo"]))
        if "error" in result:
            yield f"{name}  {result['error']['message']}\n"
            return
        if not result["faces"]:
            yield f"{name}  no face\n"
        for face in result["faces"]:
            box = "{}, {} to {}, {}".format(*face["box_xyxy"])
            gender = _said(face["gender"]) if "gender" in face else ""
            yield self._row(name, _said(face["emotion"]), gender, box)
            name = self._shortened("")

    def _row(self, name: str, expression: str, gender: str, box: str) -> str:
        name = self._shortened(name)
        return f"{name}  {expression:{_EXPRESSION}}{gender:{_GENDER}}{box}".rstrip() + "\n"

    def _shortened(self, name: str) -> str:
        # The end of a path says more than its beginning.
        cut = name if len(name) <= self._name else f"…{name[1 - self._name :]}"
        return f"{cut:{self._name}}"


def _said(opinion: dict[str, Any]) -> str:
    """A label with a question mark where the network is not sure."""
    percent = min(99, round(100 * opinion["probability"]))
    return f"{opinion['label']}{'' if opinion['sure'] else '?'} {percent} %"
