"""Why the bot could not start or had to end: one sentence and an exit code for each.

The codes are those of sysexits.h. 78 (EX_CONFIG) means that only the operator can help: starting
the bot again would end in the same way.
"""

from __future__ import annotations

from typing import ClassVar


class Exit(Exception):
    """The bot ends with `code`; `str` is the sentence that the operator reads."""

    code: ClassVar[int] = 78


class Misconfigured(Exit):
    """A setting is missing or wrong."""


class WrongToken(Exit):
    """Telegram does not know the token."""


class InUse(Exit):
    """Another process polls with the same token, or works on the same queue file."""


class QueueFailed(Exit):
    """The queue cannot be opened: disk full, file damaged, server away."""

    code = 74


class Broken(Exit):
    """An error of our own that nobody foresaw; the log has its traceback."""

    code = 70


# ruff: noqa: S105 - sentences about a token, none of them is one
NO_TOKEN = (
    "TELEGRAM_TOKEN is not set: get a token from @BotFather, or use `make run`, which needs none."
)
NO_SECRET = (
    "SEMBLANCE_SECRET is not set: bot and services must share one, "
    "for example from: openssl rand -hex 32"
)
NOT_HTTPS = (
    "SEMBLANCE_WEBHOOK_URL must start with https://: "
    "Telegram calls no other, only a Bot API server of your own (TELEGRAM_API_URL) does."
)
WRONG_TOKEN = "Telegram does not accept TELEGRAM_TOKEN: copy it again from @BotFather."
BROKEN = "The bot ended by an error of its own; the lines above say where."
OTHER_WEBHOOK = (
    "Another program keeps setting a webhook for TELEGRAM_TOKEN (409): "
    "stop that one, or get a token of its own for this bot from @BotFather."
)
SECOND_POLLER = (
    "Another bot polls Telegram with the same token (409): "
    "stop that one, or get a token of its own for this one from @BotFather."
)
