"""`python -m bot` as a process with its queue in a real redis-server."""

from __future__ import annotations

import os
import random
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from benchmarks.redis_server import RedisServer
from tests.fakes import serving
from tests.integration.test_bot import FakeService, World, eventually
from tests.redis import needs_redis

pytestmark = needs_redis

PASSWORD = "the-password-of-the-queue"


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with RedisServer(requirepass=PASSWORD) as server:
        yield server


@pytest.fixture
def world(tmp_path: Path, server: RedisServer) -> Iterator[World]:
    """Telegram and a proxy; the bot is not started yet."""
    with ExitStack() as stack:
        world = World(tmp_path)
        stack.callback(world.close)
        service = FakeService(world, work_s=0.05)
        stack.callback(service.close)
        world.environment |= {
            "SEMBLANCE_QUEUE": f"unix://:{PASSWORD}@{server.socket}",
            "SEMBLANCE_PROXY_URL": stack.enter_context(serving(service)).url,
            "SEMBLANCE_LEASE_S": "2",
        }
        yield world


def done(world: World, chat: int) -> list[str]:
    return sorted(text for text in world.answers(chat) if text.startswith("done "))


def links(chat: int, count: int) -> list[str]:
    return [f"http://example.com/{chat}/{i}" for i in range(count)]


def test_kills_of_bot_and_server_lose_nothing_and_answer_nothing_twice(
    world: World, server: RedisServer
) -> None:
    chance = random.Random(20)
    chats, each = range(1, 5), 5
    bot = world.start("bot")

    def answered(chat: int) -> bool:
        nonlocal bot
        # It found no server as it started; what supervises it starts it again.
        if bot.poll() == 74:
            bot = world.start("bot")
        return done(world, chat) == [f"done {link}" for link in links(chat, each)]

    for i in range(each):
        for chat in chats:
            world.write(chat, links(chat, each)[i])
        time.sleep(chance.random())
        if i % 2:
            server.kill()
            time.sleep(chance.random())
            server.start()
        else:
            bot.kill()
            bot.wait()
            bot = world.start("bot")
    for chat in chats:
        eventually(lambda chat=chat: answered(chat), f"chat {chat}")
    world.write(99, "/help")
    eventually(lambda: answered(1) and world.answers(99), "the last bot")
    bot.terminate()
    assert bot.wait(timeout=30) == 0
    assert not re.search(rf"Traceback|example\.com|{PASSWORD}", world.log())


def test_while_the_server_is_away_updates_stay_at_telegram_and_then_work_resumes(
    world: World, server: RedisServer
) -> None:
    bot = world.start("bot")
    eventually(lambda: "polling as @" in world.log(), "the bot")
    server.kill()
    eventually(lambda: "jobs wait" in world.log(), "the dispatcher to notice")
    world.write(1, links(1, 1)[0])
    world.write(2, "/help")
    eventually(lambda: "could not be stored, Telegram keeps it" in world.log(), "the refusal")
    time.sleep(float(os.environ.get("SEMBLANCE_TEST_OUTAGE_S", "0")))
    assert world.answers(1) == world.answers(2) == []
    server.start()
    eventually(lambda: done(world, 1) == [f"done {links(1, 1)[0]}"], "the answer")
    eventually(lambda: len(world.answers(2)) == 1, "the help")
    assert "the queue can be used again" in world.log()
    assert bot.poll() is None
    assert "Traceback" not in world.log()


def test_what_was_sent_while_the_server_was_away_is_in_no_memory_but_telegrams(
    world: World, server: RedisServer
) -> None:
    """SEMBLANCE_TEST_OUTAGE_S makes it as long as it is in life."""
    bot = world.start("bot")
    eventually(lambda: "polling as @" in world.log(), "the bot")
    server.kill()
    ends_at = time.monotonic() + float(os.environ.get("SEMBLANCE_TEST_OUTAGE_S", "3"))
    chats = range(1, 4)
    for chat in chats:
        world.write(chat, links(chat, 1)[0])
    world.write(9, "/help")
    eventually(lambda: "could not be stored, Telegram keeps it" in world.log(), "the refusal")
    time.sleep(max(0.0, ends_at - time.monotonic()))
    assert [text for chat in (*chats, 9) for text in world.answers(chat)] == []
    assert bot.poll() is None
    # Whatever it had taken without storing it dies with it; what is confirmed never comes again.
    bot.kill()
    bot.wait()
    server.start()
    world.start("bot")
    for chat in chats:
        eventually(lambda chat=chat: done(world, chat) == [f"done {links(chat, 1)[0]}"], "all")
    eventually(lambda: len(world.answers(9)) == 1, "the help")
    assert "Traceback" not in world.log()


def test_a_wrong_password_is_one_sentence(world: World) -> None:
    wrong = world.environment["SEMBLANCE_QUEUE"].replace(PASSWORD, "another-password")
    bot = world.start("bot", SEMBLANCE_QUEUE=wrong)
    assert bot.wait(timeout=60) == 78
    assert "refuses the user or password" in world.log()
    assert len(world.log().splitlines()) == 1
    assert "another-password" not in world.log()
