"""Sends updates to the webhook, as Telegram does: a chat's next one once the last one was taken."""

from __future__ import annotations

import json
import threading
from typing import Any

import requests

from playground.updates import UpdateQueue, Webhook

_PROOF_HEADER = "X-Telegram-Bot-Api-Secret-Token"
_TIMEOUT_S = (5.0, 60.0)
_LONGEST_PAUSE_S = 60.0


class Refused(Exception):
    """The webhook did not take an update; the words are Telegram's."""

    def __init__(self, reason: str, retry_in_s: float | None = None) -> None:
        super().__init__(reason)
        self.retry_in_s = retry_in_s


class Delivery:
    """A thread for each chat that has something to be sent; none before `start`."""

    def __init__(self, updates: UpdateQueue, *, first_pause_s: float = 1.0) -> None:
        self._updates, self._first_pause_s = updates, first_pause_s
        self._started = False
        self._starting = threading.Lock()

    def start(self) -> None:
        """Deliver from now on, until the queue of updates is closed."""
        with self._starting:
            if not self._started:
                self._started = True
                threading.Thread(target=self._open_lines, daemon=True).start()

    def _open_lines(self) -> None:
        while (chat_id := self._updates.open_line()) is not None:
            threading.Thread(target=self._deliver, args=(chat_id,), daemon=True).start()

    def _deliver(self, chat_id: int) -> None:
        pause_s = self._first_pause_s
        with requests.Session() as session:
            session.trust_env = False
            while (found := self._updates.next_in_line(chat_id)) is not None:
                webhook, update = found
                try:
                    _post(session, webhook, update)
                except Refused as refusal:
                    self._updates.not_delivered(str(refusal), refusal.retry_in_s or pause_s)
                    pause_s = min(_LONGEST_PAUSE_S, pause_s * 2)
                else:
                    self._updates.delivered(update)
                    pause_s = self._first_pause_s


def _post(session: requests.Session, webhook: Webhook, update: dict[str, Any]) -> None:
    """Raises `Refused`."""
    headers = {"Content-Type": "application/json"}
    if webhook.secret:
        headers[_PROOF_HEADER] = webhook.secret
    try:
        with session.post(
            webhook.url,
            data=json.dumps(update),
            headers=headers,
            timeout=_TIMEOUT_S,
            allow_redirects=False,
        ) as answer:
            status, reason, asked = answer.status_code, answer.reason, answer.headers
    except requests.ConnectionError:
        raise Refused("Connection failed") from None
    except requests.Timeout:
        raise Refused("Read timeout expired") from None
    except (requests.RequestException, ValueError):
        raise Refused("Connection is broken") from None
    if not 200 <= status < 300:
        after = asked.get("Retry-After", "")
        retry_in_s = min(_LONGEST_PAUSE_S, float(after)) if after.isdecimal() else None
        raise Refused(f"Wrong response from the webhook: {status} {reason}", retry_in_s)
