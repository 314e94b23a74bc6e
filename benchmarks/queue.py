"""How many jobs a second the work queue takes in and gives out, per engine, by one client.

Jobs come in waves, as from people in 50 chats: a wave is put, then claimed eight at a time and
acked one by one. `sqlite` commits to the disk each time, `sqlite_normal` leaves that to the system
(`?synchronous=normal`), `redis` is a server of its own that syncs its append-only file every
second; null where none is installed. With --json the last line is one object.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.limits import NOBODY_IS_LIMITED
from benchmarks.redis_server import NEEDED, RedisServer, is_installed
from bot.work_queue import Accepted, JobQueue, open_store
from utils.jobs import Job
from utils.settings import Settings

_CHATS = 50
_AT_ONCE = 8


@contextmanager
def opened(url: str) -> Iterator[JobQueue]:
    """The queue as the bot opens it."""
    store = open_store(Settings.load({"SEMBLANCE_QUEUE": url} | NOBODY_IS_LIMITED, dotenv=None))
    try:
        yield store.queue
    finally:
        store.close()


def measure(queue: JobQueue, *, jobs: int, wave: int) -> dict[str, float]:
    """Jobs per second put, claimed and acked, and through all three: medians over the waves."""
    put_s, claim_ack_s = [], []
    for first in range(0, jobs - wave + 1, wave):
        batch = [_job(update_id) for update_id in range(first, first + wave)]
        start = time.perf_counter()
        for job in batch:
            if not isinstance(queue.put(job), Accepted):
                raise SystemExit("the queue did not take a job")
        between = time.perf_counter()
        done = 0
        while done < wave:
            for claim in queue.claim(_AT_ONCE, "benchmark", 60.0):
                done += queue.ack(claim)
        put_s.append(between - start)
        claim_ack_s.append(time.perf_counter() - between)
    both_s = [put + claim_ack for put, claim_ack in zip(put_s, claim_ack_s, strict=True)]
    return {
        "put_per_s": round(wave / statistics.median(put_s), 1),
        "claim_ack_per_s": round(wave / statistics.median(claim_ack_s), 1),
        "put_claim_ack_per_s": round(wave / statistics.median(both_s), 1),
    }


def _job(update_id: int) -> Job:
    return Job(
        update_id=update_id,
        index=0,
        user_id=update_id % _CHATS,
        chat_id=update_id % _CHATS,
        reply_to=1,
        kind="file_id",
        source="AgACAgIAAxkBAAIBY2Y" + "x" * 60,
        enqueued_at=time.time(),
        status_message_id=2,
    )


def run(*, jobs: int, wave: int) -> dict[str, dict[str, float] | None]:
    """The figures of every engine."""
    figures: dict[str, dict[str, float] | None] = {"redis": None}
    with tempfile.TemporaryDirectory() as folder:
        for engine, option in (("sqlite", ""), ("sqlite_normal", "?synchronous=normal")):
            with opened(f"sqlite:///{Path(folder) / engine}{option}") as queue:
                figures[engine] = measure(queue, jobs=jobs, wave=wave)
    if is_installed():
        with RedisServer(appendfsync="everysec") as server, opened(server.url) as queue:
            figures["redis"] = measure(queue, jobs=jobs, wave=wave)
    return figures


def main(argv: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=2000)
    parser.add_argument("--wave", type=int, default=100, help="jobs that wait at most (1 to 1000)")
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    arguments = parser.parse_args(argv)
    wave = max(1, min(1000, arguments.wave))
    figures = run(jobs=max(wave, arguments.jobs), wave=wave)
    print(f"{'jobs per second':15} {'put':>10} {'claim+ack':>10} {'all three':>10}")
    for engine, values in sorted(figures.items()):
        told = NEEDED if values is None else " ".join(f"{x:10.0f}" for x in values.values())
        print(f"{engine:15} {told}")
    if arguments.json:
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
