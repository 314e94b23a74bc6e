from __future__ import annotations

import asyncio
import json

import pytest
from telegram import Bot, Update

from bot.receiver.updates import NotStored
from bot.webhook.calls import BUSY, MAX_BODY_BYTES, OK, SECRET_HEADER, Head, WebhookCalls
from tests.unit.bot.updates import message
from utils.settings import WEBHOOK_PATH, Secret

SECRET = "the-secret-of-the-webhook"
# One for all tests: it makes connection pools, which takes a while.
BOT = Bot("1:x")
BODY = json.dumps({"update_id": 11, "message": message(text="hello")}).encode()


class FakeUpdates:
    """Remembers what was put; raises `error` instead where there is one."""

    def __init__(self) -> None:
        self.stored: list[object] = []
        self.error: Exception | None = None
        self.has_room = True

    async def put(self, item: object) -> None:
        if self.error is not None:
            raise self.error
        self.stored.append(item)


class Scene:
    def __init__(self) -> None:
        self.updates = FakeUpdates()
        self.observed: list[int] = []
        self.arrived = 0
        self.calls = WebhookCalls(
            self.updates,
            BOT,
            lambda: Secret(SECRET),
            on_update=self._on_update,
            observe=self.observed.append,
        )

    def _on_update(self) -> None:
        self.arrived += 1

    def take(self, body: bytes | None) -> int:
        return asyncio.run(self.calls.take(body)).status


@pytest.fixture
def scene() -> Scene:
    return Scene()


def head(
    method: str = "POST", path: str = WEBHOOK_PATH, secret: str | None = SECRET, length: int = 10
) -> Head:
    headers = [(b"content-length", str(length).encode())]
    if secret is not None:
        headers.append((SECRET_HEADER, secret.encode()))
    return Head(method, path, headers)


def test_a_call_with_the_secret_is_worth_its_body(scene: Scene) -> None:
    assert scene.calls.judge(head()) is None
    assert scene.calls.judge(head(path=f"{WEBHOOK_PATH}?x=1")) is None
    assert scene.calls.judge(head(length=MAX_BODY_BYTES)) is None
    assert scene.observed == []


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        (head(secret=None), 403),
        (head(secret=""), 403),
        (head(secret="another"), 403),
        (head(secret=SECRET + "x"), 403),
        (head(secret="é"), 403),
        (Head("POST", WEBHOOK_PATH, [(SECRET_HEADER, SECRET.encode())] * 2), 403),
        # Who does not know it learns nothing else either.
        (head(secret="another", length=MAX_BODY_BYTES + 1), 403),
        (head(length=MAX_BODY_BYTES + 1), 413),
        (head("GET"), 405),
        (head("PUT"), 405),
        (head(path="/"), 404),
        (head(path=f"{WEBHOOK_PATH}/"), 404),
        (head(path="/metrics"), 404),
        (head("POST", "/healthz"), 405),
    ],
)
def test_what_is_wrong_with_a_call_is_said_without_its_body(
    scene: Scene, asked: Head, status: int
) -> None:
    verdict = scene.calls.judge(asked)
    assert verdict is not None
    assert verdict.status == status
    assert SECRET.encode() not in verdict.body()
    assert json.loads(verdict.body())["error"]["code"] == verdict.code
    assert scene.observed == ([status] if asked.path == WEBHOOK_PATH else [])


def test_its_health_is_asked_without_a_secret(scene: Scene) -> None:
    assert scene.calls.judge(head("GET", "/healthz", None)) is OK
    assert OK.body() == b""
    assert scene.observed == []


def test_an_update_is_stored_before_the_answer(scene: Scene) -> None:
    assert scene.take(BODY) == 200
    (update,) = scene.updates.stored
    assert isinstance(update, Update)
    assert update.update_id == 11
    assert (scene.observed, scene.arrived) == ([200], 1)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff",
        b"[]",
        b"7",
        b"{}",
        b'{"update_id": "11"}',
        b'{"update_id": 11, "message": 7}',
        b"[" * 100_000,
        b'{"update_id": 1' + b"0" * 5000 + b"}",
    ],
)
def test_what_is_no_update_is_refused(
    scene: Scene, body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    assert scene.take(body) == 400
    assert scene.updates.stored == []
    assert scene.arrived == 0


def test_a_body_that_turns_out_too_large_is_refused(scene: Scene) -> None:
    assert scene.take(None) == 413
    assert scene.observed == [413]


def test_what_cannot_be_stored_is_left_to_telegram(scene: Scene) -> None:
    scene.updates.error = NotStored("the queue server does not answer")
    assert asyncio.run(scene.calls.take(BODY)) is BUSY
    assert BUSY.retry_in_s is not None
    assert (scene.observed, scene.arrived) == ([503], 0)


def test_an_error_of_our_own_is_one_and_told_without_the_update(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    scene.updates.error = ZeroDivisionError()
    assert scene.take(BODY) == 500
    assert "update 11 could not be taken" in caplog.text
    assert "hello" not in caplog.text


def test_while_too_much_waits_to_be_answered_nothing_is_read(scene: Scene) -> None:
    scene.updates.has_room = False
    assert scene.calls.judge(head()) is BUSY
    assert scene.calls.judge(head(secret="another")) is not BUSY
