"""`python -m bot` as a process, between the playground as Telegram and a small fake proxy.

It is long because all of its tests look at one world, whose parts stand above them.
"""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.fakes import FakeHttp, Reply, Request, serving
from utils.errors import NotSigned
from utils.jobs import Job
from utils.settings import ROOT, Secret
from utils.signature import SIGNATURE_HEADER, check
from utils.telegram import TelegramApi

TOKEN = "123456:" + "integration-test-token-xyz"
SECRET = "integration-test-secret"
PATIENCE_S = 60.0


def eventually(condition: Callable[[], Any], what: str, *, patience_s: float = PATIENCE_S) -> Any:
    """What `condition` returns once it is true; a slow machine only makes this slower."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        result = condition()
        if result:
            return result
        time.sleep(0.05)
    pytest.fail(f"still waiting for {what}")


class World:
    """The processes of one test and the people's side of the playground."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.processes: list[subprocess.Popen[bytes]] = []
        self.environment = {
            "PATH": os.environ["PATH"],
            "TELEGRAM_TOKEN": TOKEN,
            "SEMBLANCE_SECRET": SECRET,
            "SEMBLANCE_QUEUE": f"sqlite:///{folder}/queue/queue.db",
        }
        port_file = folder / "port"
        self.start("playground", "--port", "0", "--port-file", str(port_file))
        eventually(port_file.exists, "the playground")
        self.api_url = f"http://127.0.0.1:{port_file.read_text().strip()}"
        self.environment["TELEGRAM_API_URL"] = self.api_url

    def start(self, module: str, *arguments: str, **changes: str) -> subprocess.Popen[bytes]:
        log = (self.folder / f"{module}.log").open("ab")
        with log:
            process = subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                cwd=ROOT,
                env=self.environment | changes,
                stderr=log,
                stdout=log,
            )
        self.processes.append(process)
        return process

    def log(self) -> str:
        path = self.folder / "bot.log"
        return path.read_text() if path.exists() else ""

    def close(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait()

    def write(self, chat_id: int, text: str) -> None:
        url = f"{self.api_url}/api/chats/{chat_id}/messages"
        requests.post(url, data={"text": text}, timeout=10).raise_for_status()

    def answers(self, chat_id: int) -> list[str]:
        """The bot's messages that are still in the chat."""
        url = f"{self.api_url}/api/chats/{chat_id}/messages"
        messages = requests.get(url, timeout=10).json()["messages"]
        return [
            entry["message"].get("text", "")
            for entry in messages
            if entry["sender"] == "bot" and not entry["deleted"]
        ]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.close()


class FakeService:
    """Answers jobs as the services do: by editing the status message. Each edit names the URL."""

    def __init__(self, world: World, *, work_s: float = 0.0) -> None:
        self._telegram = TelegramApi(Secret(TOKEN), world.api_url)
        self._work_s = work_s
        self.unsigned = 0

    def __call__(self, request: Request) -> Reply:
        try:
            check(request.headers[SIGNATURE_HEADER], request.body, Secret(SECRET))
        except NotSigned:
            self.unsigned += 1
        job = Job.decode(request.body)
        time.sleep(self._work_s)
        assert job.status_message_id is not None
        self._telegram.edit_text(job.chat_id, job.status_message_id, f"done {job.source}")
        return Reply()

    def close(self) -> None:
        self._telegram.close()


@pytest.fixture
def service(world: World) -> Iterator[FakeService]:
    service = FakeService(world, work_s=0.1)
    yield service
    service.close()


@pytest.fixture
def proxy(world: World, service: FakeService) -> Iterator[FakeHttp]:
    with serving(service) as proxy:
        world.environment["SEMBLANCE_PROXY_URL"] = proxy.url
        yield proxy


def test_a_link_is_answered_by_turning_the_status_message_into_the_answer(
    world: World, proxy: FakeHttp, service: FakeService
) -> None:
    world.start("bot")
    world.write(7, "look: https://example.com/a.jpg")
    eventually(lambda: world.answers(7) == ["done https://example.com/a.jpg"], "the answer")
    assert service.unsigned == 0
    assert [request.path for request in proxy.requests] == ["/classify_url"]


def test_a_photo_a_command_and_a_sentence_are_each_answered(
    world: World, proxy: FakeHttp, service: FakeService
) -> None:
    world.start("bot")
    picture = (ROOT / "playground" / "static" / "sample.jpg").read_bytes()
    requests.post(
        f"{world.api_url}/api/chats/1/messages",
        files=[("photo", ("a.jpg", picture)), ("photo", ("b.jpg", picture))],
        timeout=10,
    ).raise_for_status()
    world.write(2, "/start")
    world.write(3, "hello there")
    eventually(lambda: sum(t.startswith("done ") for t in world.answers(1)) == 2, "the album")
    assert "never stored" in eventually(lambda: world.answers(2), "/start")[0]
    assert "/help" in eventually(lambda: world.answers(3), "a hint")[0]
    assert {request.path for request in proxy.requests} == {"/classify"}


def test_kills_at_random_moments_lose_nothing_and_answer_nothing_twice(
    world: World, proxy: FakeHttp, service: FakeService
) -> None:
    seed = int(os.environ.get("SEMBLANCE_TEST_SEED", "20"))
    chance = random.Random(seed)
    kills, chats, each = 6, range(1, 7), 6
    expected = {
        chat: [f"done http://example.com/{chat}/{i}" for i in range(each)] for chat in chats
    }

    def people() -> None:
        for i in range(each):
            for chat in chats:
                world.write(chat, f"http://example.com/{chat}/{i}")
                time.sleep(chance.random() * 0.2)

    writing = threading.Thread(target=people)
    writing.start()
    bot = world.start("bot")
    for _ in range(kills):
        time.sleep(0.4 + chance.random() * 0.8)
        bot.kill()
        bot.wait()
        bot = world.start("bot")
    writing.join()

    def done(chat: int) -> list[str]:
        return [text for text in world.answers(chat) if text.startswith("done ")]

    for chat in chats:
        eventually(lambda chat=chat: len(done(chat)) >= each, f"chat {chat} (seed {seed})")
    world.write(99, "/help")
    eventually(lambda: world.answers(99), "the last bot")
    bot.send_signal(signal.SIGTERM)
    assert bot.wait(timeout=30) == 0
    assert {chat: sorted(done(chat)) for chat in chats} == expected
    answers = Counter(text for chat in chats for text in world.answers(chat))
    # A status message whose id could not be recorded before the kill stays behind, alone.
    orphans = sum(count for text, count in answers.items() if not text.startswith("done "))
    assert orphans <= kills * len(chats)
    assert not re.search(r"Traceback|example\.com|integration-test", world.log())


def test_sigterm_ends_the_bot_with_0_and_the_next_one_goes_on(
    world: World, proxy: FakeHttp, service: FakeService
) -> None:
    bot = world.start("bot")
    eventually(lambda: "polling as @" in world.log(), "the bot")
    started = time.monotonic()
    bot.send_signal(signal.SIGTERM)
    assert bot.wait(timeout=30) == 0
    assert time.monotonic() - started < 10
    world.write(1, "http://example.com/later")
    world.start("bot")
    eventually(lambda: world.answers(1) == ["done http://example.com/later"], "the answer")


def test_while_nobody_listens_at_the_proxy_jobs_wait_and_are_answered_afterwards(
    world: World, service: FakeService
) -> None:
    with serving(service) as gone:
        pass
    world.start("bot", SEMBLANCE_PROXY_URL=gone.url)
    world.write(1, "http://example.com/1")
    eventually(lambda: "jobs wait" in world.log(), "the breaker")
    port = int(gone.url.rsplit(":", 1)[1])
    with serving(service, port=port):
        eventually(lambda: world.answers(1) == ["done http://example.com/1"], "the answer")


def test_deleted_rows_leave_the_disk_once_the_bot_is_idle(
    world: World, proxy: FakeHttp, service: FakeService
) -> None:
    world.start("bot")
    world.write(1, "http://example.com/a-very-private-address")
    eventually(lambda: any(t.startswith("done") for t in world.answers(1)), "the answer")

    def traces() -> bool:
        files = (world.folder / "queue").iterdir()
        return any(b"a-very-private-address" in file.read_bytes() for file in files)

    eventually(lambda: not traces(), "a clean disk")


@pytest.mark.parametrize(
    ("changes", "code", "sentence"),
    [
        ({"TELEGRAM_TOKEN": ""}, 78, "TELEGRAM_TOKEN is not set"),
        ({"SEMBLANCE_SECRET": ""}, 78, "SEMBLANCE_SECRET is not set"),
        ({"SEMBLANCE_QUEUE_MAX": "many"}, 78, "SEMBLANCE_QUEUE_MAX must be"),
        ({"SEMBLANCE_QUEUE": "unix:///no/socket"}, 74, "queue server cannot be reached"),
        ({"SEMBLANCE_WEBHOOK_SECRET": "a word"}, 78, "SEMBLANCE_WEBHOOK_SECRET must be"),
        ({"TELEGRAM_TOKEN": "654321:" + "another-token-entirely-x"}, 78, "TELEGRAM_TOKEN"),
    ],
)
def test_what_keeps_the_bot_from_starting_is_one_sentence_and_a_code(
    world: World, changes: dict[str, str], code: int, sentence: str
) -> None:
    environment = {name: value for name, value in changes.items() if value}
    for name in changes:
        world.environment.pop(name, None)
    bot = world.start("bot", **environment)
    assert bot.wait(timeout=PATIENCE_S) == code
    assert sentence in world.log()
    assert len(world.log().splitlines()) == 1


def test_a_second_start_on_the_same_queue_is_refused_in_one_sentence(
    world: World, proxy: FakeHttp
) -> None:
    world.start("bot")
    eventually(lambda: "polling as @" in world.log(), "the bot")
    second = world.start("bot")
    assert second.wait(timeout=PATIENCE_S) == 78
    assert "Another Semblance bot already works on this queue file" in world.log()


def test_a_second_poller_is_told_so_and_the_first_one_goes_on(
    world: World, proxy: FakeHttp, service: FakeService
) -> None:
    first = world.start("bot")
    world.write(1, "http://example.com/0")
    eventually(lambda: world.answers(1) == ["done http://example.com/0"], "the first answer")
    second = world.start("bot", SEMBLANCE_QUEUE=f"sqlite:///{world.folder}/other.db")
    assert second.wait(timeout=PATIENCE_S) == 78
    assert "Another bot polls Telegram with the same token" in world.log()
    assert "Traceback" not in world.log()
    assert first.poll() is None
    world.write(1, "http://example.com/1")
    eventually(lambda: world.answers(1)[1:] == ["done http://example.com/1"], "the answer")
