"""The command line of the chaos test; the package says what it does."""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.redis_server import NEEDED, RedisServer, is_installed
from tests import chaos
from tests.chaos.storm import Storm
from tests.chaos.traffic import Traffic
from tests.crowd import drawn_faces
from tests.local_run import LocalRun
from tests.picture_server import picture_server

_PROGRESS_EVERY_S = 10.0
# Of the minutes, those that are kept for the answers after the last message.
_FOR_ANSWERS_S = 180.0
_JOBS_FOR_A_KILL = 100


def main(argv: list[str] | None = None) -> int:
    """Run it; 0 where all was sent, nothing lost and nothing doubled."""
    options = _options(argv)
    kills = options.kills
    if kills is None:
        kills = max(10, options.jobs // _JOBS_FOR_A_KILL)
    ends_at = time.monotonic() + options.minutes * 60
    pictures = drawn_faces(24)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        stranger = stack.enter_context(picture_server(pictures[0]))
        redis = stack.enter_context(RedisServer()) if options.queue == "redis" else None
        environ = {"SEMBLANCE_QUEUE": redis.url} if redis else {}
        run = LocalRun(
            folder,
            SEMBLANCE_URL_ALLOW=stranger.removeprefix("http://"),
            SEMBLANCE_LEASE_S="5",
            SEMBLANCE_REPLICAS="2",
            **environ,
        )
        stack.enter_context(run)
        traffic = Traffic(
            run.playground_url,
            pictures,
            f"{stranger}/photo.jpg",
            jobs=options.jobs,
            seed=options.seed,
        )
        storm = Storm(
            run,
            lambda: traffic.answered,
            jobs=options.jobs,
            kills=kills,
            seed=options.seed,
            redis=redis,
        )
        with _progress(traffic, storm, options.jobs):
            storm.start()
            try:
                traffic.run(ends_at - min(_FOR_ANSWERS_S, options.minutes * 30))
            finally:
                storm.stop()
            traffic.rest(ends_at)
        return _result(traffic, storm, run, options)


def _options(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.chaos",
        description=chaos.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--kills", type=int, help="default: one a hundred jobs, at least 10")
    parser.add_argument("--queue", choices=("sqlite", "redis"), default="sqlite")
    parser.add_argument("--minutes", type=float, default=25.0, help="it ends by then at the latest")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    options = parser.parse_args(argv)
    if options.queue == "redis" and not is_installed():
        parser.error(NEEDED)
    return options


@contextlib.contextmanager
def _progress(traffic: Traffic, storm: Storm, jobs: int) -> Iterator[None]:
    """A line every ten seconds while the block runs."""
    over, began = threading.Event(), time.monotonic()

    def say() -> None:
        while not over.wait(_PROGRESS_EVERY_S):
            seconds, answered = time.monotonic() - began, traffic.answered
            print(
                f"{seconds / 60:4.1f} min: {traffic.sent} of {jobs} sent, {answered} answered"
                f" ({answered / seconds:.1f}/s), kills {dict(storm.hit)}",
                flush=True,
            )

    thread = threading.Thread(target=say, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _result(traffic: Traffic, storm: Storm, run: LocalRun, options: argparse.Namespace) -> int:
    """Print what there is to say, the JSON last; the exit code."""
    lost = sum(person.waiting for person in traffic.people)
    duplicated = sum(person.duplicated for person in traffic.people)
    if lost or duplicated:
        print(run.printed()[-20_000:])
        for person in traffic.people:
            for words in person.unanswered():
                print(f"instead of a picture: {words}")
    if traffic.sent < options.jobs:
        print(f"only {traffic.sent} of {options.jobs} jobs could be sent in the time")
    if traffic.waits_s:
        waits = sorted(traffic.waits_s)
        half, most = waits[len(waits) // 2], waits[-1]
        print(f"kills {dict(storm.hit)}; half were answered within {half:.1f} s, all in {most:.0f}")
    figures = {
        "jobs": traffic.sent,
        "lost": lost,
        "duplicated": duplicated,
        "kills": storm.hit.total(),
        "seed": options.seed,
    }
    print(json.dumps(figures))
    return int(bool(lost or duplicated or traffic.sent < options.jobs))


if __name__ == "__main__":
    sys.exit(main())
