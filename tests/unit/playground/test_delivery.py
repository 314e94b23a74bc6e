"""Deliveries to a real server, which takes them or not."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from playground.delivery import Delivery
from playground.updates import UpdateQueue, Webhook
from tests.fakes import FakeHttp, Reply, Request
from tests.unit.playground.conftest import eventually


class Bot:
    """The bot's webhook; `replies` are for the next calls, after which it takes all."""

    def __init__(self) -> None:
        self.updates = UpdateQueue()
        self.replies: list[Reply] = []
        self.server = FakeHttp(self._answer)
        self.times: list[float] = []
        Delivery(self.updates, first_pause_s=0.05).start()

    def _answer(self, _request: Request) -> Reply:
        self.times.append(time.monotonic())
        return self.replies.pop(0) if self.replies else Reply(body=b"")

    def listen(self, **changes: str | int) -> None:
        self.updates.set_webhook(
            Webhook(f"{self.server.url}/hook", **changes),  # type: ignore[arg-type]
            drop_pending=False,
        )

    def put(self, chat_id: int, text: str) -> None:
        self.updates.put("message", {"chat": {"id": chat_id}, "text": text})

    def texts(self, chat_id: int) -> list[str]:
        messages = [request.json()["message"] for request in self.server.requests]
        return [each["text"] for each in messages if each["chat"]["id"] == chat_id]

    def close(self) -> None:
        self.updates.close()
        self.server.close()


@pytest.fixture
def bot() -> Iterator[Bot]:
    bot = Bot()
    yield bot
    bot.close()


def test_an_update_is_posted_as_json_with_the_secret(bot):
    bot.listen(secret="a-word")
    bot.put(1, "hello")
    (request,) = eventually(lambda: bot.server.requests)
    assert request.path == "/hook"
    assert request.headers["X-Telegram-Bot-Api-Secret-Token"] == "a-word"
    assert request.headers["Content-Type"] == "application/json"
    assert set(request.json()) == {"update_id", "message"}
    eventually(lambda: bot.updates.pending == 0)
    assert bot.updates.online


def test_what_waited_before_is_sent_as_well(bot):
    bot.put(1, "early")
    bot.listen()
    eventually(lambda: bot.texts(1) == ["early"])
    assert "X-Telegram-Bot-Api-Secret-Token" not in bot.server.requests[0].headers


@pytest.mark.parametrize("reply", [Reply(503), Reply(403), Reply(302), Reply(drop=True)])
def test_a_chats_next_update_waits_until_the_one_before_was_taken(bot, reply):
    bot.replies = [reply, reply]
    bot.listen()
    for text in "abc":
        bot.put(1, text)
    eventually(lambda: bot.updates.pending == 0)
    assert bot.texts(1) == ["a", "a", "a", "b", "c"]
    assert bot.times[2] - bot.times[1] > bot.times[1] - bot.times[0] >= 0.05
    assert bot.updates.failure is not None


def test_the_reason_is_telegrams(bot):
    bot.replies = [Reply(503, headers={"Retry-After": "1"})]
    bot.listen()
    bot.put(1, "a")
    failure = eventually(lambda: bot.updates.failure)
    assert failure.message == "Wrong response from the webhook: 503 Service Unavailable"
    assert not bot.updates.online
    eventually(lambda: bot.updates.pending == 0)
    assert bot.times[1] - bot.times[0] >= 1


def test_a_chat_that_waits_holds_up_nobody_else(bot):
    bot.replies = [Reply(503, headers={"Retry-After": "60"})]
    bot.listen()
    bot.put(1, "refused")
    eventually(lambda: bot.updates.failure)
    bot.put(2, "taken")
    eventually(lambda: bot.texts(2) == ["taken"])
    assert bot.updates.pending == 1


def test_another_webhook_gets_what_waits_at_once(bot):
    bot.replies = [Reply(503, headers={"Retry-After": "60"})]
    bot.listen()
    bot.put(1, "a")
    eventually(lambda: bot.updates.failure)
    bot.listen(secret="another")
    eventually(lambda: bot.updates.pending == 0)
    assert bot.updates.failure is None


def test_without_a_webhook_updates_wait_for_a_poll(bot):
    bot.replies = [Reply(503)] * 99
    bot.listen()
    bot.put(1, "a")
    eventually(lambda: bot.updates.failure)
    bot.updates.set_webhook(Webhook(), drop_pending=False)
    (update,) = bot.updates.poll(0, 100, 0)
    assert update["message"]["text"] == "a"


def test_no_more_connections_than_asked_for(bot):
    bot.server.pause_s = 0.05
    bot.listen(max_connections=1)
    for chat_id in (1, 2, 3):
        bot.put(chat_id, "a")
    eventually(lambda: bot.updates.pending == 0)
    assert min(bot.times[1] - bot.times[0], bot.times[2] - bot.times[1]) >= 0.04
