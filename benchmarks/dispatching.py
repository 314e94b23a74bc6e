"""The bot's half of the way in this process: its queue, its dispatcher, and someone who puts jobs.

Queue, dispatcher, nginx and its configuration are the real ones; behind nginx stand simulated
services. Telegram has no part in it: every job comes with its status message. How many jobs are in
flight is given, where the bot finds it out by itself within seconds.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from benchmarks.limits import NOBODY_IS_LIMITED
from benchmarks.processes import NEEDS_NGINX, SECRET, Running, local_run, run_folder, running
from bot.dispatcher import Dispatcher
from bot.dispatcher.chat import Chat
from bot.dispatcher.client import ServiceClient
from bot.dispatcher.limit import InFlightLimit
from bot.dispatcher.work import Work
from bot.work_queue import Accepted, Claim, JobQueue, open_store
from utils.jobs import Job
from utils.settings import Secret, Settings
from utils.telegram import TelegramApi

_CHATS = 100
_DRAIN_S = 30.0


@dataclass(frozen=True)
class Done:
    """A job's moments, in seconds since the epoch: put, claimed, acked."""

    put_at: float
    claimed_at: float
    acked_at: float


class TimedWork(Work):
    """The dispatcher's work, with a note of when each job was claimed and acked."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.done: list[Done] = []
        self.finished = threading.Semaphore(0)

    def do(self, claim: Claim) -> None:
        """As the dispatcher's."""
        claimed_at = time.time()
        super().do(claim)
        self.done.append(Done(claim.job.enqueued_at, claimed_at, time.time()))
        self.finished.release()


class Bot:
    """A queue with a dispatcher at work on it; `proxy` is the nginx in front of the services."""

    def __init__(
        self, queue: JobQueue, work: TimedWork, dispatcher: Dispatcher, proxy: Running
    ) -> None:
        self._queue, self._work, self._dispatcher = queue, work, dispatcher
        self.proxy = proxy
        self._put = 0
        # A queue on a server remembers the jobs of earlier runs.
        self._first_id = time.time_ns() // 1000

    @property
    def done(self) -> list[Done]:
        """The jobs that were answered, in that order."""
        return self._work.done

    def put(self) -> None:
        """One job, as the receiver would put it."""
        self._put += 1
        job = Job(
            update_id=self._first_id + self._put,
            index=0,
            user_id=self._put % _CHATS,
            chat_id=self._put % _CHATS,
            reply_to=1,
            kind="file_id",
            source="AgACAgIAAxkBAAIBY2Y" + "x" * 60,
            enqueued_at=time.time(),
            status_message_id=2,
        )
        if not isinstance(self._queue.put(job), Accepted):
            raise SystemExit("The queue is full: the services are too slow for this rate.")
        self._dispatcher.wake()

    def keep_waiting(self, jobs: int, seconds: float) -> None:
        """Put so many, then another one for every one that is finished."""
        ends_at = time.monotonic() + seconds
        for _ in range(jobs):
            self.put()
        while time.monotonic() < ends_at:
            if self._work.finished.acquire(timeout=0.1):
                self.put()

    def drain(self) -> None:
        """Wait until every job is answered."""
        ends_at = time.monotonic() + _DRAIN_S
        while len(self.done) < self._put:
            if time.monotonic() > ends_at:
                raise SystemExit("The jobs were not answered in time.")
            time.sleep(0.01)


@contextmanager
def bot(
    *, services: int, service_ms: float, in_flight: int, queue: str, at_random: bool = False
) -> Iterator[Bot]:
    """A bot before nginx before simulated services.

    `queue` is SEMBLANCE_QUEUE; "{run}" in it becomes a folder that is removed afterwards.
    """
    with run_folder() as run:
        programs = local_run(run, replicas=services)
        if "nginx" not in programs:
            raise SystemExit(NEEDS_NGINX)
        nginx = programs["nginx"]
        where = str(nginx.ready).removeprefix("http://").removesuffix("/healthz")
        argv = [sys.executable, "-m", "benchmarks.simulated", str(run)]
        argv += ["--services", str(services), "--ms", str(service_ms)]
        with (
            running("simulated", [*argv, "--random"] if at_random else argv, run) as simulated,
            running("nginx", nginx.argv, run) as proxy,
        ):
            simulated.wait_for(str(run / f"app_image.{services}.sock"))
            proxy.wait_for(where)
            settings = Settings.load(
                {"SEMBLANCE_QUEUE": queue.format(run=run), "SEMBLANCE_QUEUE_MAX": "100000"}
                | {"SEMBLANCE_QUEUE_PER_USER": "100000"}
                | NOBODY_IS_LIMITED,
                dotenv=None,
            )
            with _dispatching(settings, f"http://{where}", in_flight, proxy) as started:
                yield started


@contextmanager
def _dispatching(
    settings: Settings, proxy_url: str, in_flight: int, proxy: Running
) -> Iterator[Bot]:
    store = open_store(settings)
    secret = Secret(SECRET)
    client = ServiceClient(proxy_url, secret, connections=in_flight)
    chat = Chat(TelegramApi(secret, "http://127.0.0.1:9"), store.queue)
    limit = InFlightLimit(least=in_flight, most=in_flight)
    work = TimedWork(store.queue, client, chat, max_age_s=settings.job_max_age_s, limit=limit)
    dispatcher = Dispatcher(store.queue, work, lease_s=settings.lease_s)
    dispatcher.start()
    try:
        yield Bot(store.queue, work, dispatcher, proxy)
    finally:
        dispatcher.stop(drain_s=_DRAIN_S)
        client.close()
        store.close()


def sqlite(*, synchronous: str = "normal") -> str:
    """A queue in a file of its own."""
    return f"sqlite:///{{run}}/queue.db?synchronous={synchronous}"
