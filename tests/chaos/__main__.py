"""The command line of the chaos test; the package says what it does."""

from __future__ import annotations

import argparse
import json
import random
import sys
from pathlib import Path

from benchmarks.redis_server import NEEDED, is_installed
from tests import chaos
from tests.chaos.weather import Forecast, Outcome, pass_over

_JOBS_FOR_A_KILL = 100
_PRINTED_CHARACTERS = 20_000


def main(argv: list[str] | None = None) -> int:
    """Run it; 0 where all was sent, nothing lost, nothing doubled and nothing left."""
    options = _options(argv)
    kills = options.kills
    if kills is None:
        kills = max(10, options.jobs // _JOBS_FOR_A_KILL)
    forecast = Forecast(
        jobs=options.jobs,
        kills=kills,
        seed=options.seed,
        queue=options.queue,
        minutes=options.minutes,
    )
    print(f"seed {options.seed}", flush=True)
    outcome = pass_over(forecast, lambda line: print(line, flush=True))
    if options.log:
        options.log.write_text(outcome.printed, encoding="utf-8")
    return _tell(outcome, options)


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
    parser.add_argument(
        "--log", type=Path, metavar="PATH", help="keep all that the processes printed there"
    )
    options = parser.parse_args(argv)
    if options.queue == "redis" and not is_installed():
        parser.error(NEEDED)
    return options


def _tell(outcome: Outcome, options: argparse.Namespace) -> int:
    """Print what there is to say, the JSON last; the exit code."""
    if not outcome.good:
        print(outcome.printed[-_PRINTED_CHARACTERS:])
        print("\n".join(outcome.stories))
    for sentence in outcome.skipped:
        print(f"left out: {sentence}")
    if outcome.jobs < options.jobs:
        print(f"only {outcome.jobs} of {options.jobs} jobs could be sent in the time")
    if outcome.waits_s:
        half, most = outcome.waits_s[len(outcome.waits_s) // 2], outcome.waits_s[-1]
        print(f"half were answered within {half:.1f} s, all in {most:.0f}")
    figures = {
        "jobs": outcome.jobs,
        "lost": outcome.lost,
        "duplicated": outcome.duplicated,
        "kills": outcome.kills,
        "seed": options.seed,
        **outcome.figures,
    }
    print(json.dumps(figures))
    return int(not outcome.good or outcome.jobs < options.jobs)


if __name__ == "__main__":
    sys.exit(main())
