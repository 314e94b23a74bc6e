"""Structured logs on stderr that name no person and no picture.

Two rules make that hold whatever a library logs: the token is cut out of every line, tracebacks
included, and of foreign loggers only the unfilled message is printed, for their arguments are
URLs, updates and other people's words. Exceptions are printed without their words for the same
reason.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import time
import traceback

_OURS = ("bot", "utils")
_TOKEN = re.compile(r"\d{3,}:[A-Za-z0-9_-]{20,}")
_FOREIGN_LEVELS = {"telegram": logging.CRITICAL, "httpx": logging.WARNING}


def configure(style: str, *, level: int = logging.INFO) -> None:
    """Send all logs to stderr, `style` being text or json."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if style == "json" else TextLines())
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
    for name, foreign_level in _FOREIGN_LEVELS.items():
        logging.getLogger(name).setLevel(foreign_level)
    logging.captureWarnings(True)


def redact(text: str) -> str:
    """The text without anything that looks like a bot's token."""
    return _TOKEN.sub("***", text)


class TextLines(logging.Formatter):
    """`2026-01-31T12:00:00Z INFO bot.dispatcher: words`, then a traceback where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """One record as text."""
        text = f"{_time(record)} {record.levelname} {record.name}: {_message(record)}"
        trace = _trace(record)
        return redact(f"{text}\n{trace}" if trace else text)


class JsonLines(logging.Formatter):
    """One JSON object per line."""

    def format(self, record: logging.LogRecord) -> str:
        """One record as JSON."""
        line = {
            "time": _time(record),
            "level": record.levelname,
            "logger": record.name,
            "message": redact(_message(record)),
        }
        trace = _trace(record)
        if trace:
            line["trace"] = redact(trace)
        return json.dumps(line, ensure_ascii=False)


def _time(record: logging.LogRecord) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created))


def _is_ours(record: logging.LogRecord) -> bool:
    return record.name.split(".", 1)[0] in _OURS


def _message(record: logging.LogRecord) -> str:
    # A line break inside a message would let a stranger's words pass for a line of ours.
    text = record.getMessage() if _is_ours(record) else str(record.msg)
    return text.replace("\r", "\\r").replace("\n", "\\n")


def _trace(record: logging.LogRecord) -> str:
    """Where an exception came from: its type and its frames, without its words.

    An exception's message may quote an update or a URL; the frames hold only code.
    """
    if not record.exc_info or record.exc_info[1] is None:
        return ""
    error = record.exc_info[1]
    frames = "".join(traceback.format_tb(error.__traceback__))
    return f"{frames}{type(error).__name__}"
