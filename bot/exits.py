"""Why the bot could not start or had to end: one sentence and an exit code for each.

The codes are those of sysexits.h; whoever supervises the bot need not restart it after 77 and 78.
"""

from __future__ import annotations

from typing import ClassVar


class Exit(Exception):
    """The bot ends with `code`; `str` is the sentence that the operator reads."""

    code: ClassVar[int] = 1


class Misconfigured(Exit):
    """A setting is missing or wrong."""

    code = 78


class WrongToken(Exit):
    """Telegram does not know the token."""

    code = 77


class InUse(Exit):
    """Another process polls with the same token, or works on the same queue file."""

    code = 75


class QueueFailed(Exit):
    """The queue file cannot be opened."""

    code = 74


# ruff: noqa: S105 - sentences about a token, none of them is one
NO_TOKEN = (
    "TELEGRAM_TOKEN is not set: get a token from @BotFather, or use `make run`, which needs none."
)
NO_SECRET = (
    "SEMBLANCE_SECRET is not set: bot and services must share one, "
    "for example from: openssl rand -hex 32"
)
NO_WEBHOOK = "SEMBLANCE_WEBHOOK_URL is set, but this version only polls: unset it."
WRONG_TOKEN = "Telegram does not accept TELEGRAM_TOKEN: copy it again from @BotFather."
SECOND_POLLER = (
    "Another bot polls Telegram with the same token (409): "
    "stop that one, or get a token of its own for this one from @BotFather."
)
