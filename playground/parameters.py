"""One Bot API call: its parameters, however they came, read with Telegram's own leniency.

Telegram takes parameters from the query string, a form, a multipart form or a JSON object, and
reads each as a string: a number that is none counts as missing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from playground.errors import BadCall

_WHOLE = re.compile(r"-?\d{1,19}")


@dataclass(frozen=True)
class Upload:
    """A file that came with a call."""

    data: bytes
    name: str
    mime_type: str


@dataclass(frozen=True)
class Call:
    """A method's name in lower case, its parameters as strings and its files by field name."""

    method: str
    values: Mapping[str, str]
    files: Mapping[str, Upload] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """The parameter, empty where it is missing."""
        return self.values.get(name, "")

    def whole(self, name: str, default: int = 0) -> int:
        """The parameter as a whole number."""
        value = self.text(name).strip()
        return int(value) if _WHOLE.fullmatch(value) else default

    def within(self, name: str, default: int, low: int, high: int) -> int:
        """The parameter as a whole number, clamped into a range."""
        return max(low, min(high, self.whole(name, default)))

    def flag(self, name: str) -> bool:
        """Whether the parameter says yes."""
        return self.text(name).strip().lower() in ("true", "yes", "1")

    def parsed(self, name: str, what: str) -> Any:
        """The parameter decoded from JSON, None where it is missing; `what` is Telegram's name."""
        value = self.text(name)
        if not value:
            return None
        try:
            return json.loads(value)
        except ValueError:
            raise BadCall(f"can't parse {what} JSON object") from None


def as_strings(values: Mapping[str, Any]) -> dict[str, str]:
    """The members of a JSON body as the strings that the other ways of calling would carry."""
    return {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in values.items()
        if value is not None
    }
