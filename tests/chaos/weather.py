"""One whole storm over one whole run, and what came of it."""

from __future__ import annotations

import contextlib
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.picture_server import picture_server
from benchmarks.redis_server import RedisServer
from playground.files import FILE_ID_PREFIX
from tests.chaos import plan
from tests.chaos.bad_days import BadDays
from tests.chaos.clock import JumpingClock
from tests.chaos.storm import Storm, raging
from tests.chaos.telegram import Telegram
from tests.chaos.traffic import Traffic
from tests.crowd import drawn_faces
from tests.local_run import LocalRun
from tests.small_disk import SmallDisk
from tests.traces import Traces

# What people may ask for is limited elsewhere; these here must all be answered.
_NO_LIMITS = {
    "SEMBLANCE_USER_RATE": "0",
    "SEMBLANCE_CHAT_RATE": "0",
    "SEMBLANCE_SYSTEM_RATE": "0",
    "SEMBLANCE_USER_BYTES_PER_HOUR": "0",
    "SEMBLANCE_URL_PER_HOST": "1000",
    "SEMBLANCE_URL_PER_USER": "1000",
}
# Of the minutes, those that are kept for the answers after the last message.
_FOR_ANSWERS_S = 180.0
_EMPTY_WITHIN_S = 60.0
_PROGRESS_EVERY_S = 10.0


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What is to be; `seed` says all the rest."""

    jobs: int
    kills: int
    seed: int
    queue: str = "sqlite"
    minutes: float = 25.0
    longest_stop_s: float = 20.0


@dataclass
class Outcome:
    """What came of it; `stories` say of each message that is not as it should be what it got."""

    jobs: int = 0
    lost: int = 0
    duplicated: int = 0
    contradicted: int = 0
    left_in_queue: int | None = None
    dead_letters: int | None = None
    sent_again: int = 0
    kills: int = 0
    hit: dict[str, int] = field(default_factory=dict)
    faults: dict[str, int] = field(default_factory=dict)
    waits_s: list[float] = field(default_factory=list)
    stories: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    printed: str = ""
    revealed: list[str] = field(default_factory=list)

    @property
    def figures(self) -> dict[str, Any]:
        """What is printed as the last line, after the seed."""
        return {
            "contradicted": self.contradicted,
            "left_in_queue": self.left_in_queue,
            "dead_letters": self.dead_letters,
            "sent_again": self.sent_again,
            "revealed": self.revealed,
            "hit": self.hit,
            "faults": self.faults,
        }

    @property
    def good(self) -> bool:
        """Whether nothing was lost, doubled, left over or revealed."""
        wrong = self.lost or self.duplicated or self.contradicted or self.left_in_queue
        return not (wrong or self.revealed)


def pass_over(forecast: Forecast, say: Callable[[str], None] = lambda _: None) -> Outcome:
    """Let it storm. Raises `AssertionError` where the run does not start."""
    ends_at = time.monotonic() + forecast.minutes * 60
    people = plan.people(forecast.seed, forecast.jobs)
    outcome = Outcome()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        stranger = stack.enter_context(picture_server(drawn_faces(1)[0]))
        redis = stack.enter_context(RedisServer()) if forecast.queue == "redis" else None
        disk = None if redis else _disk(folder, stack, outcome)
        clock = _clock(folder, outcome)
        telegram = stack.enter_context(Telegram(folder))
        days = stack.enter_context(BadDays(telegram.url, people, seed=forecast.seed))
        environ = {
            **_NO_LIMITS,
            "SEMBLANCE_QUEUE": redis.url if redis else f"sqlite:///{folder}/disk/queue.db",
            "SEMBLANCE_URL_ALLOW": stranger.removeprefix("http://"),
            "SEMBLANCE_LEASE_S": "5",
            "SEMBLANCE_REPLICAS": "2",
            "TELEGRAM_TOKEN": telegram.token,
            "TELEGRAM_API_URL": days.url,
        }
        run = LocalRun(folder, **environ, **(clock.environ if clock else {}))
        stack.enter_context(run)
        traffic = Traffic(people, days, telegram.url, drawn_faces(24), f"{stranger}/photo.jpg")
        strikes = plan.strikes(
            forecast.seed,
            forecast.jobs,
            kills=forecast.kills,
            longest_stop_s=forecast.longest_stop_s,
            redis=redis is not None,
            disk=disk is not None,
            clock=clock is not None,
        )
        storm = Storm(
            run, lambda: traffic.answered, strikes, days=days, redis=redis, disk=disk, clock=clock
        )
        with _progress(traffic, storm, forecast.jobs, say):
            with raging(storm):
                traffic.run(ends_at - min(_FOR_ANSWERS_S, forecast.minutes * 30))
            traffic.rest(min(ends_at, time.monotonic() + _FOR_ANSWERS_S))
        _judge(outcome, traffic, storm, days)
        outcome.left_in_queue, outcome.dead_letters = _emptied(folder, redis)
        outcome.printed = run.printed()
        outcome.revealed = _revealed(run, telegram, stranger)
    return outcome


def _revealed(run: LocalRun, telegram: Telegram, stranger: str) -> list[str]:
    """What the processes printed and must not: secrets, file_ids, links."""
    traces = Traces()
    traces.add_word("the token", telegram.token.partition(":")[2])
    traces.add_word("SEMBLANCE_SECRET", run.environ["SEMBLANCE_SECRET"])
    traces.add_word("a file_id", FILE_ID_PREFIX)
    traces.add_word("a link", f"{stranger}/")
    return sorted(traces.found_in(run.log.read_bytes()))


def _disk(folder: Path, stack: contextlib.ExitStack, outcome: Outcome) -> SmallDisk | None:
    (folder / "disk").mkdir()
    try:
        disk = SmallDisk(folder / "disk", megabytes=32)
    except OSError as error:
        outcome.skipped.append(f"the disk is never full: {error}")
        return None
    stack.callback(disk.close)
    return disk


def _clock(folder: Path, outcome: Outcome) -> JumpingClock | None:
    try:
        return JumpingClock(folder)
    except OSError as error:
        outcome.skipped.append(str(error))
        return None


@contextlib.contextmanager
def _progress(
    traffic: Traffic, storm: Storm, jobs: int, say: Callable[[str], None]
) -> Iterator[None]:
    """A line every ten seconds while the block runs."""
    over, began = threading.Event(), time.monotonic()

    def tell() -> None:
        while not over.wait(_PROGRESS_EVERY_S):
            seconds, answered = time.monotonic() - began, traffic.answered
            say(
                f"{seconds / 60:4.1f} min: {traffic.sent} of {jobs} sent, {answered} answered"
                f" ({answered / seconds:.1f}/s), {dict(storm.hit)}"
            )

    thread = threading.Thread(target=tell, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _judge(outcome: Outcome, traffic: Traffic, storm: Storm, days: BadDays) -> None:
    outcome.jobs, outcome.kills = traffic.sent, storm.kills
    outcome.hit, outcome.faults = dict(storm.hit), dict(days.faults)
    outcome.waits_s = sorted(traffic.waits_s)
    for person in traffic.people:
        for name, account in person.ledger.accounts.items():
            outcome.lost += account.lost
            outcome.duplicated += account.duplicated
            outcome.contradicted += account.contradicted
            outcome.sent_again += len(account.asked) - 1
            if account.lost or account.duplicated or account.contradicted:
                moved = f", {person.plan.move}" if person.plan.move else ""
                outcome.stories.append(f"{name}: {account}{moved}")


def _emptied(folder: Path, redis: RedisServer | None) -> tuple[int, int]:
    """Jobs still in the queue after a while, and dead letters: nothing may wait for ever."""
    until = time.monotonic() + _EMPTY_WITHIN_S
    while True:
        left, dead = _depth(folder, redis)
        if not left or time.monotonic() > until:
            return left, dead
        time.sleep(0.5)


def _depth(folder: Path, redis: RedisServer | None) -> tuple[int, int]:
    if redis is not None:
        with redis.client() as client:
            keys = {key.rpartition(b":")[2].decode(): key for key in client.keys("*")}
            waiting, leases, dead = (
                client.zcard(keys[name]) if name in keys else 0
                for name in ("waiting", "leases", "dead")
            )
        return waiting + leases, dead
    uri = f"file:{folder}/disk/queue.db?mode=ro"
    with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=10)) as db:
        counts = dict(db.execute("SELECT state = 'dead', COUNT(*) FROM jobs GROUP BY 1").fetchall())
    return counts.get(0, 0), counts.get(1, 0)
