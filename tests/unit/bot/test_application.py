"""The whole bot in this process, between a small Bot API server and a small proxy."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests

import bot.application
from benchmarks.redis_server import RedisServer
from bot import texts
from bot.application import BotProcess
from bot.exits import Misconfigured, WrongToken
from bot.work_queue import Depth, Store, open_store
from tests.fakes import FakeHttp, Reply, serving
from tests.local_run import free_port
from tests.metric_values import values_of
from tests.redis import needs_redis
from tests.unit.bot.bot_api import TOKEN, BotApi, bot_api, refusal
from tests.unit.bot.jobs import a_job
from tests.unit.bot.updates import PHOTO, message, update
from utils.settings import Secret, Settings

SECRET = Secret("a secret of some length")
PATIENCE_S = 30.0


class World:
    """The servers around the bot, and its store."""

    def __init__(self, api: BotApi, proxy: FakeHttp, folder: Path) -> None:
        self.api, self.proxy = api, proxy
        self.environ = {
            "SEMBLANCE_QUEUE": f"sqlite:///{folder}/queue.db",
            "TELEGRAM_API_URL": api.url,
            "SEMBLANCE_PROXY_URL": proxy.url,
        }
        self.reply = Reply()
        self.drain_s = 4.0
        self.stores: list[Store] = []

    def open(self) -> Store:
        self.stores.append(open_store(Settings.load(self.environ, dotenv=None)))
        return self.stores[-1]

    def run(self, until: Callable[[Store], bool] | None = None) -> None:
        """Run the bot until something is true, or (without `until`) until it ends itself."""
        store = self.open()

        async def live() -> None:
            settings = Settings.load(self.environ, dotenv=None)
            bot = BotProcess(settings, store, token=TOKEN, secret=SECRET, drain_s=self.drain_s)
            running = asyncio.create_task(bot.run())
            deadline = time.monotonic() + PATIENCE_S
            while not running.done() and not (until and until(store)):
                assert time.monotonic() < deadline
                await asyncio.sleep(0.01)
            bot.stop()
            await running

        try:
            asyncio.run(live())
        finally:
            store.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with ExitStack() as stack:
        api = stack.enter_context(bot_api())
        proxy = stack.enter_context(serving(lambda request: world.reply))
        world = World(api, proxy, tmp_path)
        yield world


def test_a_photo_goes_to_the_services_with_a_status_message(world: World) -> None:
    world.api.updates = [{"update_id": 11, "message": message(photo=PHOTO)}]
    world.run(lambda store: bool(world.proxy.requests) and store.queue.depth() == Depth(0, 0, 0))
    job = world.proxy.requests[0].json()
    assert world.api.said() == [(7, texts.LOOKING)]
    assert job["source"] == "large"
    assert job["status_message_id"] is not None
    assert world.api.count("setMyCommands") == 1
    polls = [fields for name, fields in world.api.calls if name == "getUpdates"]
    assert json.loads(polls[0]["allowed_updates"]) == ["message", "callback_query"]
    assert polls[-1]["offset"] == "12"


def test_a_refusal_of_the_services_is_said_in_the_status_message(world: World) -> None:
    world.reply = Reply(422, b'{"error": {"code": "x", "message": "Not a picture."}}')
    world.api.updates = [{"update_id": 11, "message": message(photo=PHOTO)}]
    world.run(lambda store: world.api.count("editMessageText") == 1)
    edited = dict(world.api.calls)["editMessageText"]
    assert edited["text"] == "Not a picture."


def test_what_lay_in_the_inbox_is_answered_at_the_next_start(world: World) -> None:
    store = world.open()
    store.inbox.keep(11, update(11, text="hello").to_json().encode())
    store.close()
    world.run(lambda store: bool(world.api.said()) and not store.inbox.waiting())
    assert world.api.said() == [(7, texts.NO_LINK)]


@pytest.mark.parametrize(("delivery", "in_flight"), [("edit", 0), ("send", 1)])
def test_leases_of_a_dead_predecessor_are_released_where_doing_it_twice_is_harmless(
    world: World, delivery: str, in_flight: int
) -> None:
    world.environ["SEMBLANCE_DELIVERY"] = delivery
    store = world.open()
    store.queue.put(a_job(enqueued_at=time.time()))
    store.queue.claim(1, "killed", 60.0)
    store.close()
    world.run(
        lambda store: (
            world.api.count("getUpdates") > 5 and (store.queue.depth().in_flight == in_flight)
        )
    )
    assert len(world.proxy.requests) == 1 - in_flight


@needs_redis
def test_where_bots_share_a_queue_none_ends_the_leases_of_another(
    world: World, tmp_path: Path
) -> None:
    with RedisServer() as server:
        world.environ["SEMBLANCE_QUEUE"] = server.url
        store = world.open()
        store.queue.put(a_job(enqueued_at=time.time()))
        (claim,) = store.queue.claim(1, "another bot", 60.0)
        world.run(lambda _: world.api.count("getUpdates") > 5)
        assert world.proxy.requests == []
        assert store.queue.ack(claim)
        store.close()


@needs_redis
def test_a_bot_answers_what_another_leaves_while_it_runs(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bot.application, "ADOPT_EVERY_S", 0.05)
    with RedisServer() as server:
        world.environ["SEMBLANCE_QUEUE"] = server.url
        another = world.open()
        another.inbox.adopt()
        another.inbox.keep(11, update(11, text="hello").to_json().encode())

        said_while_it_lived: list[object] = []

        def answered(store: Store) -> bool:
            if world.api.count("getUpdates") < 5:
                said_while_it_lived.extend(world.api.said())
            else:
                another.close()
            return bool(world.api.said()) and not store.inbox.waiting()

        world.run(answered)
    assert said_while_it_lived == []
    assert world.api.said() == [(7, texts.NO_LINK)]


def test_a_server_that_is_away_at_the_start_is_waited_for(world: World) -> None:
    world.api.replies["getMe"] = [Reply(502, b"")]
    world.api.replies["deleteWebhook"] = [Reply(502, b"")]
    world.api.replies["setMyCommands"] = [Reply(502, b"")]
    world.run(lambda _: world.api.count("getUpdates") > 1)
    assert world.api.count("getMe") == 2


def test_stopping_while_the_server_is_away_is_quick(world: World) -> None:
    world.api.replies["getMe"] = [Reply(502, b"")] * 99
    world.run(lambda _: world.api.count("getMe") > 0)
    assert world.api.count("getUpdates") == 0


def test_a_token_that_telegram_does_not_know_ends_the_bot(world: World) -> None:
    world.api.replies["getMe"] = [refusal(401, "Unauthorized")]
    with pytest.raises(WrongToken):
        world.run()


def test_a_stop_leaves_what_takes_too_long_to_its_lease(
    world: World,
) -> None:
    world.drain_s = 0.6
    world.proxy.pause_s = 1.5
    world.api.updates = [{"update_id": 11, "message": message(photo=PHOTO)}]
    world.run(lambda store: store.queue.depth().in_flight == 1)
    store = world.open()
    assert store.queue.depth() == Depth(waiting=0, in_flight=1, dead=0)
    store.close()


def test_a_stop_while_telegram_asks_for_patience_keeps_the_answer_for_the_next_start(
    world: World,
) -> None:
    world.drain_s = 0.4
    world.api.updates = [{"update_id": 11, "message": message(text="hello")}]
    world.api.replies["sendMessage"] = [refusal(429, "Too Many Requests", retry_after=60)]
    world.run(lambda _: bool(world.api.said()))
    world.api.calls.clear()
    world.run(lambda store: bool(world.api.said()) and not store.inbox.waiting())
    assert world.api.said() == [(7, texts.NO_LINK)]


def test_while_it_runs_it_tells_its_figures_and_that_it_is_alive(world: World) -> None:
    address = f"127.0.0.1:{free_port()}"
    world.environ["SEMBLANCE_METRICS_BIND"] = address
    world.api.updates = [{"update_id": 11, "message": message(photo=PHOTO)}]
    answers: list[requests.Response] = []

    def asked(store: Store) -> bool:
        if not world.proxy.requests or store.queue.depth() != Depth(0, 0, 0):
            return False
        # In a thread, for the answer about its health needs the bot's loop to turn.
        if not asking.is_alive() and not answers:
            asking.start()
        return len(answers) == 2

    def ask() -> None:
        answers.append(requests.get(f"http://{address}/healthz", timeout=PATIENCE_S))
        answers.append(requests.get(f"http://{address}/metrics", timeout=PATIENCE_S))

    asking = threading.Thread(target=ask)
    world.run(asked)
    asking.join()
    health, figures = answers
    assert (health.status_code, health.json()) == (200, {"status": "ok"})
    told = values_of(figures.content)
    assert told['semblance_jobs_finished_total{outcome="delivered"}'] == 1
    assert told['semblance_telegram_calls_total{method="sendMessage",status="200"}'] == 1
    assert told['semblance_telegram_calls_total{method="getUpdates",status="200"}'] > 0
    assert told["semblance_telegram_last_poll_age_seconds"] < PATIENCE_S
    assert told["semblance_dispatcher_jobs_in_flight_max"] == 4
    assert told["semblance_queue_up"] == 1
    with pytest.raises(requests.ConnectionError):
        requests.get(f"http://{address}/healthz", timeout=5)


def test_an_address_for_the_figures_that_is_taken_ends_the_bot(world: World) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        world.environ["SEMBLANCE_METRICS_BIND"] = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(Misconfigured, match="SEMBLANCE_METRICS_BIND cannot be listened on"):
            world.run()


def test_a_loop_that_does_not_turn_is_not_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bot.application, "_LONGEST_TURN_S", 0.01)
    loop = asyncio.new_event_loop()
    assert not bot.application._turns(loop)
    loop.close()
    assert not bot.application._turns(loop)
