"""JSON lines: a photo a line, the analysis as the API tells it, or an error."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator
from typing import Any, BinaryIO

from utils.errors import OutputError

# Of every line that was torn after that much; of whole ones it may be spaced otherwise.
_START = b'{"photo": "'


def named(name: str) -> dict[str, str]:
    """The keys that say which photo: `photo`, and `photo_base64` where its bytes are no UTF-8."""
    raw = os.fsencode(name)
    try:
        return {"photo": raw.decode("utf-8")}
    except UnicodeDecodeError:
        shown = raw.decode("utf-8", "replace")
        return {"photo": shown, "photo_base64": base64.b64encode(raw).decode("ascii")}


def name_of(told: dict[str, Any]) -> str:
    """The name that `named` made keys of. Raises `KeyError`, `TypeError` and `ValueError`."""
    if "photo_base64" in told:
        return os.fsdecode(base64.b64decode(told["photo_base64"], validate=True))
    name = told["photo"]
    if not isinstance(name, str):
        raise TypeError("photo is no text")
    return name


class Lines:
    """Results as JSON lines."""

    head = b""

    def encoded(self, result: dict[str, Any]) -> bytes:
        """One line, with its end."""
        text = json.dumps(result, ensure_ascii=False, separators=(", ", ": "))
        return text.encode("utf-8") + b"\n"

    def read(self, file: BinaryIO) -> Iterator[tuple[str, int]]:
        """Of every whole line its photo's name and where it ends. Raises `OutputError`."""
        end = 0
        for number, line in enumerate(file, 1):
            if not line.endswith(b"\n"):
                if not (line.startswith(_START) or _START.startswith(line)):
                    raise OutputError("it was not written by this command")
                return
            end += len(line)
            try:
                yield name_of(json.loads(line)), end
            except (ValueError, KeyError, TypeError):
                raise OutputError(f"line {number} was not written by this command") from None
