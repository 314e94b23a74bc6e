"""Structured log lines on stderr that name no person and no picture, as text or JSON.

What makes that hold, whatever a library logs: URLs, tokens and whatever was given to `conceal` are
cut out of every line at the last moment; of foreign loggers only the unfilled message is printed,
for their arguments are URLs, updates and other people's words; exceptions are printed as type and
frames, without their words.
"""

from __future__ import annotations

import base64
import json
import logging
import re
import sys
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

_OURS = ("bot", "services", "utils", "gunicorn")
_FOREIGN_LEVELS = {
    "telegram": logging.CRITICAL,
    "httpx": logging.WARNING,
    "urllib3": logging.ERROR,
    "PIL": logging.ERROR,
}
_URL = re.compile(r"(https?|ftp|wss?)://[^\s'\"<>]+", re.IGNORECASE)
_LOGIN = re.compile(r"(rediss?|unix)://\S*@", re.IGNORECASE)
_BOT_TOKEN = re.compile(r"/?(bot)?\d{3,}:[A-Za-z0-9_-]{20,}(/\S*)?")
# Line breaks and direction marks would let a stranger's words pass for a line of ours.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")

# Shorter ones are words that lines hold anyway.
_SHORTEST_SECRET = 6

RequestId = Callable[[], str]

_concealed: set[str] = set()
_concealing: re.Pattern[str] | None = None


def _outside() -> str:
    return "-"


def configure(service: str, form: str, *, request_id: RequestId = _outside) -> None:
    """Send this process's logs and warnings to stderr; `form` is a value of SEMBLANCE_LOG."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter(service, form, request_id=request_id))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for name, level in _FOREIGN_LEVELS.items():
        logging.getLogger(name).setLevel(level)
    logging.captureWarnings(capture=True)


def formatter(service: str, form: str, *, request_id: RequestId = _outside) -> logging.Formatter:
    """The formatter for a value of SEMBLANCE_LOG."""
    return (_JsonLines if form == "json" else _TextLines)(service, request_id)


def redacted(text: str) -> str:
    """The text without URLs, tokens, and the password of a queue server."""
    return _BOT_TOKEN.sub("***", _URL.sub("***", _LOGIN.sub(r"\1://***@", text)))


def conceal(secret: str) -> None:
    """Cut it out of every line from now on, also percent-encoded, inside JSON and in base64."""
    global _concealing  # noqa: PLW0603 - one process prints on one stderr
    if len(secret) < _SHORTEST_SECRET or secret in _concealed:
        return
    in_base64 = base64.b64encode(secret.encode("utf-8", "replace")).decode().rstrip("=")
    _concealed.update({secret, quote(secret, safe=""), json.dumps(secret)[1:-1], in_base64})
    longest_first = sorted(_concealed, key=len, reverse=True)
    _concealing = re.compile("|".join(map(re.escape, longest_first)))


def _without_secrets(line: str) -> str:
    return line if _concealing is None else _concealing.sub("***", line)


class _Lines(logging.Formatter):
    """What both forms share: a record as named values, redacted."""

    def __init__(self, service: str, request_id: RequestId) -> None:
        super().__init__()
        self._service, self._request_id = service, request_id

    def facts(self, record: logging.LogRecord) -> dict[str, Any]:
        """The record's values in the order in which they are shown.

        `extra={"facts": {...}}` adds values, `extra={"request_id": ...}` names the request.
        """
        moment = datetime.fromtimestamp(record.created, UTC)
        ours = record.name.split(".", 1)[0] in _OURS
        told: dict[str, Any] = {
            "time": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname,
            "service": self._service,
            "request_id": getattr(record, "request_id", None) or self._request_id(),
            "logger": record.name,
            "message": redacted(record.getMessage() if ours else str(record.msg)),
        }
        told |= getattr(record, "facts", {})
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            frames = "".join(traceback.format_tb(error.__traceback__))
            told["traceback"] = redacted(f"{frames}{type(error).__name__}")
        # Before JSON writes the quotes of a secret in another way.
        return {k: _without_secrets(v) if isinstance(v, str) else v for k, v in told.items()}


class _JsonLines(_Lines):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON."""
        line = json.dumps(self.facts(record), ensure_ascii=False, default=str)
        return _without_secrets(_CONTROL.sub("?", line))


class _TextLines(_Lines):
    """One line for a person; only a traceback takes several."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as text."""
        told = self.facts(record)
        trace = told.pop("traceback", None)
        del told["logger"]
        first = [
            str(told.pop(name)) for name in ("time", "level", "service", "request_id", "message")
        ]
        line = _CONTROL.sub("?", " ".join([*first, *(f"{name}={told[name]}" for name in told)]))
        return _without_secrets(line if trace is None else f"{line}\n{trace}")
