"""The whole bot in webhook mode, in this process, between a small Bot API server and a proxy."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import requests

import bot.application
import bot.webhook.intake
from bot import texts
from bot.exits import Misconfigured
from bot.webhook.watch import DELETED, OTHER_WEBHOOK
from bot.work_queue import Depth, Store
from tests.fakes import Reply, serving
from tests.local_run import free_port
from tests.metric_values import values_of
from tests.unit.bot.bot_api import bot_api, refusal
from tests.unit.bot.test_application import PATIENCE_S, World
from tests.unit.bot.updates import PHOTO, message

URL = "https://bot.example/telegram"
UPDATE = {"update_id": 11, "message": message(photo=PHOTO)}
HEADER = "X-Telegram-Bot-Api-Secret-Token"


class Webhook(World):
    """A bot whose address we know, and Telegram's part, which we play."""

    def listen(self) -> None:
        self.port = free_port()
        self.environ["SEMBLANCE_WEBHOOK_URL"] = URL
        self.environ["SEMBLANCE_WEBHOOK_BIND"] = f"127.0.0.1:{self.port}"
        self.statuses: list[int] = []

    def told(self) -> dict[str, Any]:
        return dict(self.api.calls).get("setWebhook", {})

    def post(self, body: bytes, **headers: str) -> None:
        """As Telegram does it; in a thread, for the bot's loop is in this one."""
        headers = {HEADER: self.told()["secret_token"]} | headers

        def run() -> None:
            url = f"http://127.0.0.1:{self.port}/telegram"
            answer = requests.post(url, data=body, headers=headers, timeout=PATIENCE_S)
            self.statuses.append(answer.status_code)

        threading.Thread(target=run).start()

    def once(self, act: Callable[[], None]) -> Callable[[Store], bool]:
        """For `run`: act as soon as the bot has set its webhook; True after an answer."""
        acted: list[bool] = []

        def until(_store: Store) -> bool:
            if self.told() and not acted:
                acted.append(True)
                act()
            return bool(self.statuses)

        return until


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Webhook]:
    with ExitStack() as stack:
        api = stack.enter_context(bot_api())
        proxy = stack.enter_context(serving(lambda request: world.reply))
        world = Webhook(api, proxy, tmp_path)
        world.listen()
        yield world


def test_telegram_is_told_where_and_what_to_send(world: Webhook) -> None:
    world.run(lambda _: world.told() != {})
    told = world.told()
    assert told["url"] == URL
    assert json.loads(told["allowed_updates"]) == ["message", "callback_query"]
    assert len(told["secret_token"]) == 64
    assert world.api.count("getUpdates") == world.api.count("deleteWebhook") == 0


def test_a_photo_that_telegram_sends_goes_the_usual_way(world: Webhook) -> None:
    sent = world.once(lambda: world.post(json.dumps(UPDATE).encode()))
    world.run(
        lambda store: (
            sent(store) and bool(world.proxy.requests) and store.queue.depth() == Depth(0, 0, 0)
        )
    )
    assert world.statuses == [200]
    assert world.api.said() == [(7, texts.LOOKING)]
    assert world.proxy.requests[0].json()["source"] == "large"


def test_the_secret_that_was_set_is_the_one(world: Webhook) -> None:
    world.environ["SEMBLANCE_WEBHOOK_SECRET"] = "a-secret-that-was-set"
    world.run(world.once(lambda: world.post(b"{}", **{HEADER: "a-secret-that-was-set"})))
    assert world.told()["secret_token"] == "a-secret-that-was-set"
    assert world.statuses == [400]


def test_a_call_without_the_secret_is_refused_and_nothing_stored(world: Webhook) -> None:
    body = json.dumps(UPDATE).encode()
    world.run(world.once(lambda: world.post(body, **{HEADER: "guessed"})))
    assert world.statuses == [403]
    assert world.proxy.requests == world.api.said() == []


def test_while_the_queue_is_closed_telegram_keeps_its_updates(world: Webhook) -> None:
    body = json.dumps(UPDATE).encode()

    def without_a_queue() -> None:
        world.stores[-1].close()
        world.post(body)

    world.run(world.once(without_a_queue))
    assert world.statuses == [503]
    assert world.api.said() == []
    store = world.open()
    assert store.queue.depth() == Depth(0, 0, 0)
    store.close()


def test_a_url_that_telegram_refuses_ends_the_bot_after_a_few_tries(
    world: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bot.application, "_LONGEST_PAUSE_S", 0.01)
    refused = refusal(400, "Bad Request: bad webhook: Failed to resolve host")
    world.api.replies["setWebhook"] = [refused] * 9
    with pytest.raises(Misconfigured) as caught:
        world.run()
    assert str(caught.value) == (
        "Telegram refuses SEMBLANCE_WEBHOOK_URL: Bad webhook: failed to resolve host."
    )
    assert world.api.count("setWebhook") == 4


def test_an_address_that_is_taken_ends_the_bot(world: Webhook) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        world.environ["SEMBLANCE_WEBHOOK_BIND"] = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(Misconfigured, match="SEMBLANCE_WEBHOOK_BIND cannot be listened on"):
            world.run()
    assert world.told() == {}


def test_it_looks_whether_telegram_still_calls_and_tells_figures(
    world: Webhook, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(bot.webhook.intake, "_LOOK_EVERY_S", 0.05)
    address = f"127.0.0.1:{free_port()}"
    world.environ["SEMBLANCE_METRICS_BIND"] = address
    world.api.webhook = {
        "url": "https://x.example",
        "has_custom_certificate": False,
        "pending_update_count": 3,
    }
    figures: list[bytes] = []

    def ask() -> None:
        figures.append(requests.get(f"http://{address}/metrics", timeout=PATIENCE_S).content)

    asking = threading.Thread(target=ask)

    def until(_store: Store) -> bool:
        if OTHER_WEBHOOK in caplog.text and not asking.ident:
            asking.start()
        return bool(figures)

    world.run(until)
    asking.join()
    told = values_of(figures[0])
    assert told["semblance_webhook_registered"] == 0
    assert told["semblance_webhook_pending_updates"] == 3
    assert told["semblance_webhook_last_failure_age_seconds"] == float("inf")
    assert told["semblance_webhook_last_update_age_seconds"] < PATIENCE_S
    assert world.api.count("setWebhook") == 1
    # There are no polls whose age could alarm anybody.
    assert "semblance_telegram_last_poll_age_seconds" not in told


def test_a_webhook_that_was_deleted_is_set_again(
    world: Webhook, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    monkeypatch.setattr(bot.webhook.intake, "_LOOK_EVERY_S", 0.05)
    gone = {"url": "", "has_custom_certificate": False, "pending_update_count": 0}
    world.api.replies["getWebhookInfo"] = [
        Reply(body=b'{"ok": true, "result": []}'),
        Reply(body=json.dumps({"ok": True, "result": gone}).encode()),
    ]
    world.run(lambda _: "calls SEMBLANCE_WEBHOOK_URL again" in caplog.text)
    assert world.api.count("setWebhook") == 2
    assert DELETED in caplog.text


def test_a_telegram_that_is_away_is_waited_for(
    world: Webhook, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    monkeypatch.setattr(bot.webhook.intake, "_LOOK_EVERY_S", 0.05)
    world.api.replies["setWebhook"] = [refusal(502, "Bad Gateway")]
    world.api.replies["getWebhookInfo"] = [refusal(502, "Bad Gateway")]
    world.run(lambda _: world.api.count("getWebhookInfo") > 2)
    assert caplog.text.count("Telegram cannot be reached: trying on") == 2
    assert caplog.text.count("Telegram answers again") == 2
