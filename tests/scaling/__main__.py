"""The command line of the scaling test; the package says what it does."""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import time
from typing import Any

from tests import scaling
from tests.compose import NEEDED, Project, has_engine
from tests.crowd import drawn_faces
from tests.scaling.rounds import Load, one_round


def run(rounds: int, seed: int) -> dict[str, Any]:
    """All rounds on a project of its own; the figures of the last line."""
    began, rng = time.monotonic(), random.Random(seed)

    def say(what: str) -> None:
        asked, failed = load.answers.total(), load.failed
        jobs = sum(person.sent for person in load.people)
        seconds = time.monotonic() - began
        print(f"{seconds:4.0f} s: {what}; {asked} asked, {failed} failed, {jobs} jobs", flush=True)

    project = Project(f"semblance-scaling-{os.getpid()}")
    try:
        project.compose("up", "--build", "--detach", "--wait", "--scale", "app_image=2")
        load = Load(project, drawn_faces(8))
        load.start()
        try:
            for _ in range(rounds):
                one_round(project, rng, say)
        finally:
            load.finish()
    finally:
        project.down()
    return {
        "rounds": rounds,
        "requests": load.answers.total(),
        "failed": load.failed,
        "answers": dict(load.answers),
        "slowest_s": round(load.slowest_s, 1),
        "jobs": sum(person.sent for person in load.people),
        "lost": sum(person.waiting for person in load.people),
        "duplicated": sum(person.duplicated for person in load.people),
        "seed": seed,
    }


def main(argv: list[str] | None = None) -> int:
    """Run it; 0 where nothing failed, was lost or doubled."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.scaling",
        description=scaling.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    options = parser.parse_args(argv)
    if not has_engine():
        parser.error(NEEDED)
    figures = run(options.rounds, options.seed)
    told = ("requests", "failed", "slowest_s", "jobs", "lost", "duplicated")
    print(", ".join(f"{name}: {figures[name]}" for name in told))
    if options.json:
        print(json.dumps(figures))
    return int(bool(figures["failed"] or figures["lost"] or figures["duplicated"]))


if __name__ == "__main__":
    sys.exit(main())
