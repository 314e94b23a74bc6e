"""Log lines with the request's id, as text or JSON, and without anything of the people served.

No picture, file_id, URL, name or token: what a foreign error's text may hold of these is blotted
out here, at the last moment, for messages and tracebacks alike.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Any

from services import request_ids

_URL = re.compile(r"(https?|ftp|wss?)://[^\s'\"<>]+", re.IGNORECASE)
_BOT_TOKEN = re.compile(r"/?(bot)?\d{3,}:[A-Za-z0-9_-]{20,}(/\S*)?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def redacted(text: str) -> str:
    """The text without URLs and tokens."""
    return _BOT_TOKEN.sub("***", _URL.sub("***", text))


class _Lines(logging.Formatter):
    """What both forms share: one record, redacted."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def facts(self, record: logging.LogRecord) -> dict[str, Any]:
        """The record as named values, in the order in which they are shown."""
        told: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "service": self._service,
            "request_id": request_ids.current(),
            "message": redacted(record.getMessage()),
        }
        told |= getattr(record, "facts", {})
        if record.exc_info:
            told["traceback"] = redacted(self.formatException(record.exc_info))
        return told


class JsonLines(_Lines):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON."""
        return json.dumps(self.facts(record), ensure_ascii=False, default=str)


class TextLines(_Lines):
    """One line for a person; only a traceback takes several."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as text; control characters cannot forge a second line."""
        told = self.facts(record)
        traceback = told.pop("traceback", None)
        first = [str(told.pop(name)) for name in ("time", "level", "service", "request_id")]
        words = [*first, str(told.pop("message")), *(f"{name}={told[name]}" for name in told)]
        line = _CONTROL.sub("?", " ".join(words))
        return line if traceback is None else f"{line}\n{traceback}"


def formatter(service: str, form: str) -> logging.Formatter:
    """The formatter for a value of SEMBLANCE_LOG."""
    return JsonLines(service) if form == "json" else TextLines(service)


def configure(service: str, form: str) -> None:
    """Send this process's log to stderr in that form."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter(service, form))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    # These tell paths and, below warnings, hosts of strangers.
    for chatty in ("urllib3", "PIL"):
        logging.getLogger(chatty).setLevel(logging.ERROR)
