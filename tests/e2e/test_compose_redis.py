"""docker-compose.redis.yml on a real engine: the queue's server, and who reaches it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator

import pytest

from tests.compose import NEEDED, has_engine
from utils.settings import ROOT

pytestmark = pytest.mark.skipif(not has_engine(), reason=NEEDED)

Compose = Callable[..., str]

DEPTH = """
from bot.work_queue import open_store
from utils.settings import Settings
store = open_store(Settings.load())
store.queue.position("1-0")
print(store.queue.depth(), store.sole_owner)
"""


@pytest.fixture(scope="module")
def compose() -> Iterator[Compose]:
    """Runs Compose with the overlay; the queue's server is up."""
    plain = {k: v for k, v in os.environ.items() if not k.startswith(("SEMBLANCE", "TELEGRAM"))}
    environ = plain | {"SEMBLANCE_SECRET": "a-secret-for-compose-tests"}
    files = ["-f", "docker-compose.yml", "-f", "docker-compose.redis.yml"]

    def compose(*arguments: str) -> str:
        argv = ["docker", "compose", "--project-name", "semblance-redis-test", *files, *arguments]
        done = subprocess.run(
            argv, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=500, check=False
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    try:
        compose("build", "app_image")
        compose("up", "--detach", "--wait", "valkey")
        yield compose
    finally:
        compose("down", "--volumes", "--timeout", "5")


def test_the_bot_takes_the_server_as_its_queue(compose: Compose) -> None:
    told = compose("run", "--rm", "--no-deps", "--no-TTY", "bot", "python", "-c", DEPTH)
    assert told.split("\n")[0] == "Depth(waiting=0, in_flight=0, dead=0) False"


def test_nobody_else_finds_the_server(compose: Compose) -> None:
    look = "import socket\ntry: socket.getaddrinfo('valkey', 6379)\nexcept OSError: print('none')"
    told = compose("run", "--rm", "--no-deps", "--no-TTY", "app_url", "python", "-c", look)
    assert told.strip() == "none"


def test_the_server_keeps_what_it_is_given(compose: Compose) -> None:
    facts = compose("exec", "--no-TTY", "valkey", "valkey-cli", "info", "everything")
    assert "aof_enabled:1" in facts
    assert "maxmemory_policy:noeviction" in facts
    compose("exec", "--no-TTY", "valkey", "valkey-cli", "set", "kept", "1")
    compose("kill", "valkey")
    compose("up", "--detach", "--wait", "valkey")
    assert compose("exec", "--no-TTY", "valkey", "valkey-cli", "get", "kept").strip() == "1"
