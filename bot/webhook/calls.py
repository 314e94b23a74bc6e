"""What is answered to a call of the webhook, and why: no sockets here."""

from __future__ import annotations

import hmac
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from telegram import Bot, Update

from bot.receiver.updates import NotStored
from utils.settings import WEBHOOK_PATH, Secret

log = logging.getLogger(__name__)

SECRET_HEADER = b"x-telegram-bot-api-secret-token"
# An update of text and buttons has some kilobytes; a message at its longest, with what it answers,
# below a hundred.
MAX_BODY_BYTES = 1024 * 1024
_RETRY_IN_S = 2

Status = Literal[200, 400, 403, 404, 405, 413, 500, 503]


@dataclass(frozen=True)
class Head:
    """A request before its body; names of headers are in lower case."""

    method: str
    path: str
    headers: Sequence[tuple[bytes, bytes]]

    def values(self, name: bytes) -> list[bytes]:
        """All headers of a name."""
        return [value for each, value in self.headers if each == name]


@dataclass(frozen=True)
class Verdict:
    """How a call ends; `code` says it in a word."""

    status: Status
    code: str = ""
    retry_in_s: int | None = None

    def body(self) -> bytes:
        """Nothing for a success: Telegram would take a body for a call of the Bot API."""
        return json.dumps({"error": {"code": self.code}}).encode() if self.code else b""


OK = Verdict(200)
BUSY = Verdict(503, "unavailable", _RETRY_IN_S)


class Updates(Protocol):
    """The part of `DurableUpdates` that is needed here."""

    @property
    def has_room(self) -> bool:
        """Whether a `put` would return once the update is stored."""
        ...

    async def put(self, item: object) -> None:
        """Store an update. Raises `NotStored`."""
        ...


class WebhookCalls:
    """Judges calls, and stores the updates of good ones before it says so."""

    def __init__(
        self,
        updates: Updates,
        bot: Bot,
        secret: Callable[[], Secret],
        *,
        on_update: Callable[[], None] = lambda: None,
        observe: Callable[[int], None] = lambda _status: None,
    ) -> None:
        self._updates, self._bot, self._secret = updates, bot, secret
        self._on_update, self._observe = on_update, observe

    def judge(self, head: Head) -> Verdict | None:
        """What can be said without the body; None: `take` it."""
        path = head.path.partition("?")[0]
        if path == "/healthz":
            return OK if head.method in ("GET", "HEAD") else Verdict(405, "method_not_allowed")
        if path != WEBHOOK_PATH:
            return Verdict(404, "not_found")
        verdict = self._judge_call(head)
        if verdict is not None:
            self._observe(verdict.status)
        return verdict

    def _judge_call(self, head: Head) -> Verdict | None:
        if head.method != "POST":
            return Verdict(405, "method_not_allowed")
        given = head.values(SECRET_HEADER)
        if len(given) != 1 or not hmac.compare_digest(given[0], self._secret().reveal().encode()):
            return Verdict(403, "wrong_secret")
        lengths = head.values(b"content-length")
        if lengths and int(lengths[0]) > MAX_BODY_BYTES:
            return Verdict(413, "too_large")
        return None if self._updates.has_room else BUSY

    async def take(self, body: bytes | None) -> Verdict:
        """Store the update of a call, then answer; None for a body that was too large."""
        verdict = Verdict(413, "too_large") if body is None else await self._take(body)
        self._observe(verdict.status)
        return verdict

    async def _take(self, body: bytes) -> Verdict:
        update = self._read(body)
        if update is None:
            return Verdict(400, "bad_request")
        try:
            await self._updates.put(update)
        except NotStored:
            return BUSY
        except Exception:
            log.exception("update %d could not be taken", update.update_id)
            return Verdict(500, "internal_error")
        self._on_update()
        return OK

    def _read(self, body: bytes) -> Update | None:
        try:
            fields = json.loads(body)
            if isinstance(fields, dict) and isinstance(fields.get("update_id"), int):
                return Update.de_json(fields, self._bot)
        except (ValueError, RecursionError):
            return None
        except Exception:
            # Telegram keeps it for a day and says so in getWebhookInfo; taken, it would be lost.
            log.exception("an update of Telegram could not be read")
        return None
