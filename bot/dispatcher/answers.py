"""What a service's HTTP answer means for the job."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from bot import texts
from bot.dispatcher.backoff import retry_after_s
from utils.errors import ChatRefused, ImageTooLarge, NotSigned, Unavailable
from utils.telegram import ChatMoved, MessageGone

_MAX_SENTENCE_CHARACTERS = 500
_WAIT_STATUSES = (408, 425, 429, 502, 503, 504)
_NOBODY_STATUSES = (502, 504)
_FULL_STATUSES = (503,)


@dataclass(frozen=True)
class Delivered:
    """The answer is in the chat."""


@dataclass(frozen=True)
class Refused:
    """The job can never succeed; `sentence` is for its owner, None where nothing can be said."""

    code: str
    sentence: str | None


@dataclass(frozen=True, kw_only=True)
class Later:
    """Worth another try.

    `counts`: the job may be to blame. `nobody`: no replica was reached. `full`: there was no room
    for it, or not in time.
    """

    reason: str
    after_s: float | None = None
    counts: bool = False
    nobody: bool = False
    full: bool = False


@dataclass(frozen=True)
class Stale:
    """The status message cannot become the answer: it is gone, or its group has `moved`."""

    moved: bool


Answer = Delivered | Refused | Later | Stale

_BY_CODE: dict[str, Answer] = {
    ChatRefused.code: Refused(ChatRefused.code, None),
    MessageGone.code: Stale(moved=False),
    ChatMoved.code: Stale(moved=True),
}


def read_answer(status: int, body: bytes, retry_after: str | None = None) -> Answer:
    """The meaning of an answer. Never raises, and never lets a body that is not ours through."""
    shape = _shape(body)
    if status == 200 and isinstance(shape.get("status"), int):
        # A job that took long: its answer began before the service knew how it would end.
        status, retry_after = shape["status"], shape.get("retry_after")
    if status == 200 and shape.get("success") == 1:
        return Delivered()
    error = shape.get("error")
    error = error if isinstance(error, dict) else {}
    code = error.get("code")
    code = code if isinstance(code, str) else f"http_{status}"
    reason = f"{status} {code[:40]}"
    if status in _WAIT_STATUSES:
        # A service's own 502 (Telegram is away) names what is away; nginx's does not.
        nobody = status in _NOBODY_STATUSES and (not error or code == Unavailable.code)
        full = status in _FULL_STATUSES
        after_s = retry_after_s(retry_after) if isinstance(retry_after, str) else None
        return Later(reason=reason, after_s=after_s, nobody=nobody, full=full)
    if code == NotSigned.code:
        # Bot and services disagree about the secret: the operator's to mend, not the owner's.
        return Later(reason=reason)
    if code in _BY_CODE:
        return _BY_CODE[code]
    if 400 <= status < 500:
        return Refused(code, _sentence(error.get("message")) or _own_sentence(status))
    return Later(reason=reason, counts=True)


def _shape(body: bytes) -> dict[str, Any]:
    try:
        shape = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return shape if isinstance(shape, dict) else {}


def _sentence(message: object) -> str | None:
    if not isinstance(message, str):
        return None
    printable = "".join(c if c.isprintable() else " " for c in message).strip()
    return printable[:_MAX_SENTENCE_CHARACTERS] or None


def _own_sentence(status: int) -> str:
    return ImageTooLarge.sentence if status == 413 else texts.OUR_FAULT
