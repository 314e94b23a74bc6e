"""docker-compose.redis.yml in webhook mode on a real engine: several bots, one queue."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator

import pytest
import requests

from tests.compose import NEEDED, has_engine
from tests.local_run import free_port
from tests.person import Person
from utils.settings import ROOT

pytestmark = pytest.mark.skipif(not has_engine(), reason=NEEDED)

Compose = Callable[..., str]
_PATIENCE_S = 90
_SCALE = ("--scale", "bot=2")


@pytest.fixture(scope="module")
def ports() -> dict[str, str]:
    return {
        "SEMBLANCE_PORT": str(free_port()),
        "SEMBLANCE_PLAYGROUND_PORT": str(free_port()),
    }


@pytest.fixture(scope="module")
def compose(ports: dict[str, str]) -> Iterator[Compose]:
    """Runs Compose; two bots are up, and a playground that calls them through nginx."""
    if (ROOT / ".env").exists():
        pytest.skip("this checkout has an .env of its own, which may hold secret and token")
    plain = {k: v for k, v in os.environ.items() if not k.startswith(("SEMBLANCE", "TELEGRAM"))}
    environ = plain | ports
    environ["SEMBLANCE_SECRET"] = "a-secret-for-compose-tests"
    environ["SEMBLANCE_WEBHOOK_URL"] = "http://nginx:8080/telegram"
    files = ["-f", "docker-compose.yml", "-f", "docker-compose.redis.yml"]
    project = ["--project-name", "semblance-webhook-test", "--profile", "playground"]

    def compose(*arguments: str) -> str:
        argv = ["docker", "compose", *files, *project, *arguments]
        done = subprocess.run(
            argv, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=500, check=False
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    try:
        compose("up", "--build", "--detach", "--wait", *_SCALE)
        yield compose
    finally:
        compose("down", "--volumes", "--timeout", "5")


@pytest.fixture
def person(compose: Compose, ports: dict[str, str]) -> Person:
    return Person(f"http://127.0.0.1:{ports['SEMBLANCE_PLAYGROUND_PORT']}")


def bots(compose: Compose) -> list[str]:
    return compose("ps", "--quiet", "bot").split()


def log_of(container: str) -> str:
    argv = ["docker", "logs", container]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    return done.stdout + done.stderr


def test_a_photo_is_answered_and_both_bots_have_their_part(
    compose: Compose, person: Person, astronaut_jpeg: bytes
) -> None:
    (answer,) = person.wait(person.send_photos(astronaut_jpeg), seconds=_PATIENCE_S)
    assert answer.photo
    assert "happiness" in answer.text
    containers = bots(compose)
    assert len(containers) == 2
    ends_at = time.monotonic() + _PATIENCE_S
    while not all(" queued kind=" in log_of(each) for each in containers):
        assert time.monotonic() < ends_at, [log_of(each)[-2000:] for each in containers]
        person.wait(person.send_photos(astronaut_jpeg), seconds=_PATIENCE_S)
    assert all("listening at 0.0.0.0:8001" in log_of(each) for each in containers)


def test_a_bot_that_is_killed_costs_no_answer(
    compose: Compose, person: Person, astronaut_jpeg: bytes
) -> None:
    sent = person.send_photos(astronaut_jpeg, astronaut_jpeg)
    subprocess.run(["docker", "kill", bots(compose)[0]], capture_output=True, check=True)
    sent += person.send_photos(astronaut_jpeg)
    answers = person.wait(sent, seconds=2 * _PATIENCE_S)
    assert [sum("photo" in each for each in answer.messages) for answer in answers] == [1, 1, 1]


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "wrong_secret"),
        ({"X-Telegram-Bot-Api-Secret-Token": "guessed"}, "wrong_secret"),
    ],
)
def test_a_stranger_at_the_published_port_is_refused(
    compose: Compose, ports: dict[str, str], headers: dict[str, str], code: str
) -> None:
    compose("up", "--detach", "--wait", "--no-recreate", *_SCALE)
    url = f"http://127.0.0.1:{ports['SEMBLANCE_PORT']}/telegram"
    answer = requests.post(url, json={"update_id": 1}, headers=headers, timeout=30)
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == code
