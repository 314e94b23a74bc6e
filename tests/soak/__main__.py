"""The command line of the soak; the package says what it does."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from dataclasses import asdict, astuple, fields
from pathlib import Path
from typing import Any

import psutil

from benchmarks.picture_server import picture_server
from tests import soak
from tests.crowd import Correspondent, drawn_faces
from tests.local_run import LocalRun
from tests.soak.judgement import Verdict, judge, table
from tests.soak.load import Load
from tests.soak.samples import Sample, look

_SIDES = (320, 640, 960, 1280)
_ANSWERS_WITHIN_S = 120
_PROGRESS_EVERY_S = 30.0


def watch(run: LocalRun, load: Load, *, minutes: float, every_s: float) -> list[Sample]:
    """Samples of all processes for so long, with a word now and then."""
    launcher, samples = psutil.Process(run.process.pid), list[Sample]()
    began = said = time.monotonic()
    while (now := time.monotonic()) - began < minutes * 60:
        samples += look(launcher, now - began)
        if now - said >= _PROGRESS_EVERY_S:
            said = now
            newest = [s for s in samples if s.at_s == samples[-1].at_s]
            total = sum(s.pss_mb for s in newest)
            sent = sum(person.sent for person in load.people)
            waiting = sum(person.waiting for person in load.people)
            print(
                f"{(now - began) / 60:5.1f} min: {sent} jobs, {waiting} waiting, {load.calls} calls"
                f" ({len(load.failures)} failed), {len(newest)} processes, {total:.0f} MB",
                flush=True,
            )
        time.sleep(max(0.0, every_s - (time.monotonic() - now)))
    return samples


def read_last_answers(load: Load) -> None:
    """Wait for what is still on its way."""
    deadline = time.monotonic() + _ANSWERS_WITHIN_S
    while any(person.waiting for person in load.people) and time.monotonic() < deadline:
        time.sleep(0.5)
        for person in load.people:
            person.look()


def figures(load: Load, verdicts: list[Verdict], minutes: float) -> dict[str, Any]:
    """What the last line says."""
    return {
        "minutes": minutes,
        "jobs": sum(person.sent for person in load.people),
        "lost": sum(person.waiting for person in load.people),
        "duplicated": sum(person.duplicated for person in load.people),
        "held_back": load.held_back,
        "api_calls": load.calls,
        "api_failures": len(load.failures),
        "flat": all(verdict.flat for verdict in verdicts),
        "processes": {
            verdict.name: asdict(verdict) | {"growth": verdict.growth, "flat": verdict.flat}
            for verdict in verdicts
        },
    }


def main(argv: list[str] | None = None) -> int:
    """Run it; 0 where all is flat and nothing was lost."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.soak",
        description=soak.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--jobs-per-s", type=float, default=3.0, help="photos and links in chats")
    parser.add_argument("--calls-per-s", type=float, default=1.0, help="calls of the JSON API")
    parser.add_argument("--people", type=int, default=8)
    parser.add_argument("--every-s", type=float, default=3.0, help="time between two samples")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    parser.add_argument("--log", type=Path, help="keep what the processes print in this file")
    parser.add_argument("--samples", type=Path, help="write all samples there, as CSV")
    options = parser.parse_args(argv)
    pictures = [p for side in _SIDES for p in drawn_faces(6, side=side, seed=side)]
    with (
        tempfile.TemporaryDirectory() as folder,
        picture_server(pictures[0]) as stranger,
        LocalRun(
            Path(folder),
            SEMBLANCE_REPLICAS="2",
            SEMBLANCE_URL_ALLOW=stranger.removeprefix("http://"),
        ) as run,
    ):
        load = Load(
            run.api_url,
            [Correspondent(run.playground_url) for _ in range(options.people)],
            pictures,
            f"{stranger}/photo.jpg",
            jobs_per_s=options.jobs_per_s,
            calls_per_s=options.calls_per_s,
        )
        load.start()
        try:
            samples = watch(run, load, minutes=options.minutes, every_s=options.every_s)
        finally:
            load.stop()
            if options.log:
                options.log.write_text(run.printed(), encoding="utf-8")
        read_last_answers(load)
    if options.samples:
        rows = [",".join(map(str, astuple(sample))) for sample in samples]
        head = ",".join(field.name for field in fields(Sample))
        options.samples.write_text("\n".join([head, *rows, ""]), encoding="utf-8")
    verdicts = judge(samples)
    said = figures(load, verdicts, options.minutes)
    print(table(verdicts))
    for failure in load.failures[:10]:
        print(f"failed: {failure}")
    if options.json:
        print(json.dumps(said))
    whole = not (said["lost"] or said["duplicated"] or said["api_failures"])
    return int(not (said["flat"] and whole))


if __name__ == "__main__":
    sys.exit(main())
