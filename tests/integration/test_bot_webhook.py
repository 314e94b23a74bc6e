"""`python -m bot` in webhook mode: real processes, alone and as three behind nginx."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import requests

from benchmarks.redis_server import RedisServer
from tests.fakes import serving
from tests.integration.test_bot import TOKEN, FakeService, World, eventually
from tests.local_run import free_port
from tests.redis import needs_redis
from tests.service_processes import nginx
from utils.settings import ROOT

HEADER = "X-Telegram-Bot-Api-Secret-Token"
SECRET = "the-secret-of-the-webhook"
DONE = "done http://example.com/{chat}/{i}"


class Bots(World):
    """Bots at ports of their own, which outlive them."""

    def prepare(self, count: int) -> None:
        self.ports = [free_port() for _ in range(count)]
        self.bots: dict[int, subprocess.Popen[bytes]] = {}
        self.environment["SEMBLANCE_WEBHOOK_SECRET"] = SECRET
        self.environment["SEMBLANCE_LEASE_S"] = "2"
        self.call_at(f"http://127.0.0.1:{self.ports[0]}")

    def call_at(self, url: str) -> None:
        self.environment["SEMBLANCE_WEBHOOK_URL"] = url

    def start_bot(self, number: int) -> None:
        bind = f"127.0.0.1:{self.ports[number]}"
        self.bots[number] = self.start("bot", SEMBLANCE_WEBHOOK_BIND=bind)

    def wait_for_bots(self) -> None:
        for port in self.ports:
            eventually(lambda port=port: self.is_ready(port), f"the bot at {port}")

    def is_ready(self, port: int) -> bool:
        try:
            return requests.get(f"http://127.0.0.1:{port}/healthz", timeout=10).ok
        except requests.ConnectionError:
            return False

    def send(self, update: dict[str, Any], secret: str = SECRET) -> requests.Response:
        """A call of the first bot, as Telegram would make it."""
        url = f"http://127.0.0.1:{self.ports[0]}/telegram"
        return requests.post(url, json=update, headers={HEADER: secret}, timeout=30)

    def webhook_info(self) -> dict[str, Any]:
        url = f"{self.api_url}/bot{TOKEN}/getWebhookInfo"
        return dict(requests.get(url, timeout=10).json()["result"])

    def done(self, chat: int) -> list[str]:
        return sorted(text for text in self.answers(chat) if text.startswith("done "))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Bots]:
    """One bot that the playground calls directly, its queue in a file."""
    with ExitStack() as stack:
        world = Bots(tmp_path)
        stack.callback(world.close)
        world.prepare(1)
        service = FakeService(world, work_s=0.05)
        stack.callback(service.close)
        world.environment["SEMBLANCE_PROXY_URL"] = stack.enter_context(serving(service)).url
        yield world


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@pytest.fixture
def shared(tmp_path: Path, server: RedisServer) -> Iterator[Bots]:
    """Three bots behind nginx, their queue in a Redis; none is started yet."""
    with ExitStack() as stack:
        (tmp_path / "world").mkdir()
        world = Bots(tmp_path / "world")
        stack.callback(world.close)
        world.prepare(3)
        service = FakeService(world, work_s=0.05)
        stack.callback(service.close)
        proxy = stack.enter_context(serving(service))
        addresses = [f"127.0.0.1:{port}" for port in world.ports]
        front = stack.enter_context(
            nginx(tmp_path, app_image=["/nope"], app_url=["/nope"], bots=addresses)
        )
        world.call_at(f"http://{front.socket}/telegram")
        world.environment |= {"SEMBLANCE_QUEUE": server.url, "SEMBLANCE_PROXY_URL": proxy.url}
        yield world


def test_an_album_a_command_and_a_sentence_are_each_answered(world: Bots) -> None:
    world.start_bot(0)
    picture = (ROOT / "playground" / "static" / "sample.jpg").read_bytes()
    requests.post(
        f"{world.api_url}/api/chats/1/messages",
        files=[("photo", ("a.jpg", picture)), ("photo", ("b.jpg", picture))],
        timeout=10,
    ).raise_for_status()
    world.write(2, "/start")
    world.write(3, "hello there")
    eventually(lambda: len(world.done(1)) == 2, "the album")
    assert "never stored" in eventually(lambda: world.answers(2), "/start")[0]
    assert "/help" in eventually(lambda: world.answers(3), "a hint")[0]
    assert world.webhook_info()["pending_update_count"] == 0
    address = f"127.0.0.1:{world.ports[0]}"
    assert f"listening at {address} for what Telegram sends as @" in world.log()


def test_only_telegram_is_listened_to(world: Bots) -> None:
    world.start_bot(0)
    world.wait_for_bots()
    assert world.send({"update_id": 1}, secret="guessed").status_code == 403
    assert world.send({"no": "update"}).status_code == 400
    assert world.send({"update_id": 1}).status_code == 200
    assert SECRET not in world.log()


def test_a_stop_is_quick_and_what_comes_meanwhile_waits_at_telegram(world: Bots) -> None:
    world.start_bot(0)
    world.wait_for_bots()
    world.bots[0].send_signal(signal.SIGTERM)
    assert world.bots[0].wait(timeout=30) == 0
    world.write(1, "http://example.com/1/0")
    eventually(lambda: "last_error_message" in world.webhook_info(), "a call of nobody")
    world.start_bot(0)
    eventually(lambda: world.done(1) == [DONE.format(chat=1, i=0)], "the answer")


def test_from_polling_to_the_webhook_and_back(world: Bots) -> None:
    url = world.environment.pop("SEMBLANCE_WEBHOOK_URL")
    for i, environment in enumerate(({}, {"SEMBLANCE_WEBHOOK_URL": url}, {})):
        bind = f"127.0.0.1:{world.ports[0]}"
        bot = world.start("bot", SEMBLANCE_WEBHOOK_BIND=bind, **environment)
        world.write(1, f"http://example.com/1/{i}")
        eventually(lambda i=i: DONE.format(chat=1, i=i) in world.done(1), f"answer {i}")
        bot.terminate()
        assert bot.wait(timeout=30) == 0
    assert len(world.done(1)) == 3


@needs_redis
def test_kills_of_three_bots_lose_nothing_and_answer_nothing_twice(shared: Bots) -> None:
    seed = int(os.environ.get("SEMBLANCE_TEST_SEED", "20"))
    chance = random.Random(seed)
    kills, chats, each = 8, range(1, 9), 6
    for number in range(3):
        shared.start_bot(number)
    eventually(lambda: "listening at" in shared.log(), "the first bot")

    def people() -> None:
        for i in range(each):
            for chat in chats:
                shared.write(chat, f"http://example.com/{chat}/{i}")
                time.sleep(chance.random() * 0.15)

    writing = threading.Thread(target=people)
    writing.start()
    for _ in range(kills):
        time.sleep(0.2 + chance.random() * 0.8)
        number = chance.randrange(3)
        shared.bots[number].kill()
        shared.bots[number].wait()
        shared.start_bot(number)
    writing.join()
    for chat in chats:
        eventually(
            lambda chat=chat: len(shared.done(chat)) >= each,
            f"chat {chat} (seed {seed})",
            patience_s=180,
        )
    shared.wait_for_bots()
    shared.write(99, "/help")
    eventually(lambda: shared.answers(99), "the help")
    for bot in shared.bots.values():
        bot.terminate()
        assert bot.wait(timeout=30) == 0
    for chat in chats:
        assert shared.done(chat) == [DONE.format(chat=chat, i=i) for i in range(each)]
    answers = Counter(text for chat in chats for text in shared.answers(chat))
    # A status message whose id could not be recorded before a kill stays behind, alone.
    orphans = sum(count for text, count in answers.items() if not text.startswith("done "))
    assert orphans <= kills * len(chats)
    assert not re.search(rf"Traceback|example\.com|{SECRET}", shared.log())


@needs_redis
def test_while_the_queue_hangs_nothing_is_taken_and_then_work_resumes(
    shared: Bots, server: RedisServer
) -> None:
    for number in range(3):
        shared.start_bot(number)
    shared.wait_for_bots()
    assert server.process is not None
    server.process.send_signal(signal.SIGSTOP)
    try:
        shared.write(1, "http://example.com/1/0")
        shared.write(2, "/help")
        refused = shared.send({"update_id": 5, "message": message_of(3, "/help")})
        assert refused.status_code == 503
        assert refused.headers["Retry-After"]
        eventually(lambda: shared.webhook_info().get("last_error_message"), "a refusal")
        assert shared.webhook_info()["pending_update_count"] == 2
        assert "could not be stored, Telegram keeps it" in shared.log()
        assert shared.answers(1) == shared.answers(2) == []
    finally:
        server.process.send_signal(signal.SIGCONT)
    eventually(lambda: shared.done(1) == [DONE.format(chat=1, i=0)], "the answer", patience_s=120)
    eventually(lambda: len(shared.answers(2)) == 1, "the help", patience_s=120)
    eventually(lambda: shared.webhook_info()["pending_update_count"] == 0, "an empty row")
    assert all(bot.poll() is None for bot in shared.bots.values())
    assert "Traceback" not in shared.log()


def message_of(chat: int, text: str) -> dict[str, Any]:
    """A message as Telegram writes it."""
    person = {"id": chat, "is_bot": False, "first_name": "Ada"}
    place = {"id": chat, "type": "private", "first_name": "Ada"}
    return {"message_id": 1, "date": 1, "chat": place, "from": person, "text": text}
