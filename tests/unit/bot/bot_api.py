"""A Bot API of a few methods on a real socket, for the parts that use the Telegram library."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs

from bot.polling import PollingBot, PollWatch
from tests.fakes import Reply, Request, serving
from tests.unit.bot.updates import BOT
from utils.settings import Secret
from utils.telegram import Observe

TOKEN = Secret("123456:" + "x" * 30)


def refusal(status: int, description: str, **parameters: Any) -> Reply:
    """A refusal in Telegram's shape."""
    shape = {"ok": False, "error_code": status, "description": description}
    if parameters:
        shape["parameters"] = parameters
    return Reply(status, json.dumps(shape).encode())


class BotApi:
    """Answers every method with success, or with what `replies[method]` holds, one at a time."""

    def __init__(self) -> None:
        self.url = ""
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.replies: dict[str, list[Reply]] = {}
        self.updates: list[dict[str, Any]] = []
        self.webhook: dict[str, Any] = {}

    def __call__(self, request: Request) -> Reply:
        method = request.path.rsplit("/", 1)[1]
        fields: dict[str, Any] = {
            name: values[0] for name, values in parse_qs(request.body.decode()).items()
        }
        self.calls.append((method, fields))
        if self.replies.get(method):
            return self.replies[method].pop(0)
        return Reply(body=json.dumps({"ok": True, "result": self._result(method, fields)}).encode())

    def _result(self, method: str, fields: dict[str, Any]) -> Any:
        if method == "getMe":
            return BOT
        if method == "getUpdates":
            offset = int(fields.get("offset", 0))
            waiting = [update for update in self.updates if update["update_id"] >= offset]
            if not waiting:
                time.sleep(0.02)
            return waiting
        if method == "setWebhook" and not self.webhook:
            self.webhook = {"url": fields["url"], "has_custom_certificate": False}
            self.webhook["pending_update_count"] = 0
        if method == "getWebhookInfo":
            return self.webhook
        if method == "sendMessage":
            chat = {"id": int(fields["chat_id"]), "type": "private"}
            return {"message_id": 1000 + len(self.calls), "date": 1, "chat": chat}
        return True

    def count(self, method: str) -> int:
        """How often a method was called."""
        return Counter(name for name, _ in self.calls)[method]

    def said(self) -> list[tuple[int, str]]:
        """The texts that were sent, each with its chat."""
        return [
            (int(fields["chat_id"]), fields["text"])
            for name, fields in self.calls
            if name == "sendMessage"
        ]

    def bot(
        self,
        *,
        on_fatal: Callable[[], None] = lambda: None,
        observe: Observe = lambda _method, _status: None,
    ) -> PollingBot:
        """A bot that talks to this server."""
        return PollingBot(TOKEN, self.url, PollWatch(on_fatal=on_fatal), observe=observe)


@contextmanager
def bot_api() -> Iterator[BotApi]:
    """A running `BotApi`."""
    api = BotApi()
    with serving(api) as server:
        api.url = server.url
        yield api
