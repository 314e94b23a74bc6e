"""The life of the bot process: connect, take updates, dispatch, and stop within a few seconds."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import signal
import threading
import time
from collections.abc import Awaitable, Callable

from telegram import Update
from telegram.error import InvalidToken, TelegramError
from telegram.ext import Application

from bot import exits, metrics_server, texts
from bot.dispatcher import Dispatcher
from bot.dispatcher.chat import Chat
from bot.dispatcher.client import ServiceClient
from bot.dispatcher.limit import InFlightLimit
from bot.dispatcher.work import Work
from bot.intake import Intake
from bot.metrics import Metrics
from bot.notification import notify
from bot.polling import PollingBot, PollingIntake, PollWatch
from bot.receiver.chat_order import ChatOrder
from bot.receiver.forgetting import Buttons, Forgetting
from bot.receiver.orders import Orders
from bot.receiver.reading import Reader
from bot.receiver.replies import Replies
from bot.receiver.updates import DurableUpdates
from bot.webhook import WebhookIntake
from bot.work_queue import ADOPT_EVERY_S, QueueBroken, QueueUnavailable, Store
from utils.settings import Secret, Settings
from utils.telegram import TelegramApi

log = logging.getLogger(__name__)

_DRAIN_S = 4.0
_LONGEST_PAUSE_S = 30.0
_LONGEST_TURN_S = 5.0
_ALLOWED_UPDATES = ("message", "callback_query")


class BotProcess:
    """All parts of the bot, wired together over an open store."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        *,
        token: Secret,
        secret: Secret,
        drain_s: float = _DRAIN_S,
    ) -> None:
        self._settings, self._store, self._drain_s = settings, store, drain_s
        self._stop = asyncio.Event()
        self.watch = PollWatch(on_fatal=self._stop.set)
        self.metrics = Metrics()
        calls = self.metrics.telegram_call
        self._bot = PollingBot(token, settings.telegram_api_url, self.watch, observe=calls)
        self._services = ServiceClient(settings.proxy_url, secret, connections=settings.in_flight)
        self._messages = TelegramApi(token, settings.telegram_api_url, observe=calls)
        limit = InFlightLimit(least=settings.in_flight_min, most=settings.in_flight)
        work = Work(
            store.queue,
            self._services,
            Chat(self._messages, store.queue),
            max_age_s=settings.job_max_age_s,
            limit=limit,
            metrics=self.metrics,
        )
        self._dispatcher = Dispatcher(store.queue, work, lease_s=settings.lease_s)
        self.metrics.watch_queue(store.queue, most=settings.queue_max)
        self.metrics.watch_dispatcher(
            lambda: self._dispatcher.in_flight,
            most=lambda: limit.value,
            paused=lambda: work.breaker.is_open,
        )
        self._updates = DurableUpdates(
            store.queue, store.inbox, store.people, self._reader, metrics=self.metrics
        )
        self._application = (
            Application.builder()
            .bot(self._bot)
            .update_queue(self._updates)
            .concurrent_updates(ChatOrder(on_handled=self._updates.handled))
            .job_queue(None)
            .build()
        )
        self._intake = self._make_intake(secret)
        Replies(
            store.queue,
            store.inbox,
            self._reader,
            orders=Orders(store.people, store.queue, self.metrics),
            buttons=Buttons(secret),
            forgetting=Forgetting(store.people, store.inbox),
            queue_changed=self._dispatcher.wake,
        ).register(self._application)

    def _make_intake(self, secret: Secret) -> Intake:
        if self._settings.webhook_url is not None:
            return WebhookIntake(
                self._settings,
                self._bot,
                self._updates,
                secret=secret,
                metrics=self.metrics,
                watch=self.watch,
            )
        self.metrics.watch_polls(self.watch.seconds_since_last_poll)
        assert self._application.updater is not None  # noqa: S101 - built with one
        return PollingIntake(self._application.updater)

    def _reader(self) -> Reader:
        return Reader(
            username=self._bot.username,
            bot_id=self._bot.id,
            allowed_users=self._settings.allowed_users,
            admins=self._settings.admins,
        )

    def stop(self) -> None:
        """Make `run` drain and return; for the thread of the event loop."""
        self._stop.set()

    async def run(self) -> None:
        """Work until SIGTERM or SIGINT. Raises `Exit` where the bot cannot go on."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        try:
            with self._telling(loop):
                if await self._connect():
                    await self._work()
        finally:
            # A bot that never got through to Telegram is not shut down by its application.
            await self._bot.shutdown()
            self._services.close()
            self._messages.close()
        if self.watch.fatal is not None:
            raise self.watch.fatal

    def _telling(self, loop: asyncio.AbstractEventLoop) -> contextlib.AbstractContextManager[None]:
        """The listener of SEMBLANCE_METRICS_BIND, where that is set."""
        if self._settings.metrics_bind is None:
            return contextlib.nullcontext()
        return metrics_server.serving(
            self._settings.metrics_bind,
            metrics=self.metrics.exposition,
            alive=lambda: _turns(loop),
        )

    async def _connect(self) -> bool:
        """Introduce ourselves to Telegram, for as long as it takes; False when asked to stop."""
        if not await self._persist(self._application.initialize):
            return False
        with contextlib.suppress(TelegramError):
            await self._bot.set_my_commands(texts.COMMANDS)
        return True

    async def _persist(self, act: Callable[[], Awaitable[object]]) -> bool:
        pause_s = 1.0
        while not self._stop.is_set():
            try:
                await act()
            except InvalidToken:
                raise exits.WrongToken(exits.WRONG_TOKEN) from None
            except TelegramError as error:
                self.watch.failed(error)
            else:
                return True
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), pause_s)
            pause_s = min(_LONGEST_PAUSE_S, pause_s * 2)
        return False

    async def _work(self) -> None:
        if self._store.sole_owner and self._settings.delivery == "edit":
            # Whoever had these leases is dead. Doing a job twice is harmless while answers are
            # edits.
            self._store.queue.release()
        self._dispatcher.start()
        await self._application.start()
        await self._adopt()
        adopting = asyncio.create_task(self._adopt_for_ever())
        try:
            if await self._persist(lambda: self._intake.start(_ALLOWED_UPDATES)):
                doing = f"{self._intake.doing} as @{self._bot.username}"
                log.info("%s", doing)
                notify(f"READY=1\nSTATUS={doing}")
                await self._stop.wait()
        finally:
            adopting.cancel()
            await self._drain()

    async def _adopt(self) -> None:
        """Answer what a bot kept and did not live to answer."""
        for body in await asyncio.to_thread(self._store.inbox.adopt):
            update = Update.de_json(json.loads(body), self._bot)
            self._updates.put_again(update)

    async def _adopt_for_ever(self) -> None:
        while True:
            await asyncio.sleep(ADOPT_EVERY_S)
            # What ails the queue is said by the dispatcher, which asks it all the time.
            with contextlib.suppress(QueueUnavailable, QueueBroken):
                await self._adopt()

    async def _drain(self) -> None:
        """Stop in order: no new updates, no new jobs, then what is under way; in `drain_s`."""
        ends_at = time.monotonic() + self._drain_s
        draining = asyncio.create_task(
            asyncio.to_thread(self._dispatcher.stop, drain_s=self._drain_s * 0.9)
        )
        await _within(ends_at - self._drain_s / 2, self._intake.stop())
        await _within(ends_at, self._application.stop())
        if not await draining:
            log.info("what is still in flight is left to its lease")
        await _within(ends_at, self._application.shutdown())


def _turns(loop: asyncio.AbstractEventLoop) -> bool:
    """Whether the event loop goes round; asked from another thread."""
    turned = threading.Event()
    try:
        loop.call_soon_threadsafe(turned.set)
    except RuntimeError:
        return False
    return turned.wait(_LONGEST_TURN_S)


async def _within(ends_at: float, act: Awaitable[object]) -> None:
    """Await, but not beyond a moment of the monotonic clock."""
    with contextlib.suppress(TimeoutError, TelegramError, RuntimeError):
        await asyncio.wait_for(act, max(0.05, ends_at - time.monotonic()))
