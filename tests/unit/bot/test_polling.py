from __future__ import annotations

import asyncio
import contextlib
import logging

import pytest
from telegram.error import Conflict, InvalidToken, NetworkError, TelegramError

from bot.exits import InUse, WrongToken
from bot.polling import PollWatch
from tests.fakes import Reply
from tests.unit.bot.bot_api import BotApi, bot_api, refusal
from tests.unit.bot.jobs import Clock


class Scene:
    def __init__(self) -> None:
        self.clock = Clock()
        self.fatal = 0
        self.watch = PollWatch(on_fatal=self._on_fatal, clock=self.clock)

    def _on_fatal(self) -> None:
        self.fatal += 1

    def fail(self, error: TelegramError, times: int) -> None:
        for _ in range(times):
            self.watch.failed(error)


@pytest.fixture
def scene(caplog: pytest.LogCaptureFixture) -> Scene:
    caplog.set_level(logging.INFO)
    return Scene()


def test_the_time_since_the_last_poll_is_told(scene: Scene) -> None:
    scene.clock.pass_s(5)
    assert scene.watch.seconds_since_last_poll() == 5
    scene.watch.answered()
    assert scene.watch.seconds_since_last_poll() == 0


def test_trouble_is_logged_once_and_its_end_too(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    scene.fail(NetworkError("x"), 9)
    scene.watch.answered()
    scene.watch.answered()
    assert [record.message for record in caplog.records] == [
        "Telegram cannot be reached: trying on",
        "Telegram answers again",
    ]
    assert scene.fatal == 0


def test_another_poller_at_the_start_ends_the_bot(scene: Scene) -> None:
    scene.fail(Conflict("x"), 3)
    assert scene.watch.fatal is None
    scene.fail(Conflict("x"), 3)
    assert isinstance(scene.watch.fatal, InUse)
    assert scene.fatal == 1


def test_another_poller_that_comes_later_is_complained_about_once(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    scene.watch.answered()
    scene.fail(Conflict("x"), 50)
    assert scene.watch.fatal is None
    assert len(caplog.records) == 1
    assert "Another bot polls Telegram with the same token" in caplog.text


def test_a_webhook_of_another_program_is_told_apart(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    scene.fail(Conflict("can't use getUpdates method while webhook is active"), 1)
    assert "keeps setting a webhook" in caplog.text


def test_a_token_that_was_taken_back_ends_the_bot_but_a_passing_404_does_not(scene: Scene) -> None:
    scene.watch.answered()
    scene.fail(InvalidToken(), 3)
    scene.watch.answered()
    scene.fail(InvalidToken(), 3)
    assert scene.watch.fatal is None
    scene.fail(InvalidToken(), 1)
    assert isinstance(scene.watch.fatal, WrongToken)


def poll(api: BotApi) -> None:
    async def run() -> None:
        async with api.bot() as bot:
            await bot.get_updates(offset=0)

    asyncio.run(run())


@pytest.mark.parametrize(
    "reply",
    [
        refusal(401, "Unauthorized"),
        refusal(404, "Not Found"),
        refusal(409, "Conflict: terminated by other getUpdates request"),
        Reply(502, b"<html>"),
        Reply(body=b'{"ok": true, "result": [{"update_id": "x", "message": 5}]}'),
        Reply(drop=True),
    ],
)
def test_a_poll_raises_nothing_that_would_end_the_librarys_loop(reply: Reply) -> None:
    with bot_api() as api:
        api.replies["getUpdates"] = [reply]
        with pytest.raises(TelegramError) as caught:
            poll(api)
        assert not isinstance(caught.value, InvalidToken)
        poll(api)


def test_every_request_is_told_by_method_and_status() -> None:
    calls: list[tuple[str, str]] = []

    async def run(api: BotApi) -> None:
        async with api.bot(observe=lambda *call: calls.append(call)) as bot:
            await bot.get_updates(offset=0)
            for _ in range(3):
                with contextlib.suppress(TelegramError):
                    await bot.send_message(7, "words")

    with bot_api() as api:
        api.replies["sendMessage"] = [refusal(429, "x", retry_after=1), Reply(drop=True)]
        asyncio.run(run(api))
    assert calls == [
        ("getMe", "200"),
        ("getUpdates", "200"),
        ("sendMessage", "429"),
        ("sendMessage", "no_answer"),
        ("sendMessage", "200"),
    ]
