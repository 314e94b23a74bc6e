"""What `semblance analyze` makes of a folder, beside the pipeline alone on as many processes.

Both look at the same photos, of 1280x960 with one face: the command from its start to its end, with
names, files, lines and the start of its processes; the pipeline in processes that are warmed up
and have the photo in memory. They take turns, so that what else the machine does meets both, and
`ratio` is the median of the turns'. With --json the last line is one object.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from multiprocessing.synchronize import Barrier
from pathlib import Path

import cv2

from benchmarks.photos import photo
from utils import memory
from utils.pipeline import Pipeline
from utils.settings import ROOT, Settings

_WARM_UP = 5


def measure(photos: int, workers: int, rounds: int) -> dict[str, float]:
    """The figures; each round is a half of the pipeline's, the command, and the other half."""
    turns = []
    data = photo()
    with tempfile.TemporaryDirectory() as folder:
        for number in range(photos):
            (Path(folder) / f"{number:06}.jpg").write_bytes(data)
        for _ in range(rounds):
            before = _pipeline(photos // 2, workers)
            command = _command(folder, photos, workers)
            after = _pipeline(photos // 2, workers)
            alone = statistics.harmonic_mean((before, after))
            turns.append({"photos_per_s": command, "pipeline_photos_per_s": alone})
    figures = {key: statistics.median(turn[key] for turn in turns) for key in turns[0]}
    ratios = [turn["photos_per_s"] / turn["pipeline_photos_per_s"] for turn in turns]
    return {**figures, "ratio": statistics.median(ratios)}


def _command(folder: str, photos: int, workers: int) -> float:
    """Photos a second, of the whole command."""
    with tempfile.TemporaryDirectory() as results:
        out = Path(results) / "out.jsonl"
        command = ("-m", "utils", "analyze", folder, "--json", str(out), "--quiet")
        start = time.perf_counter()
        subprocess.run(  # noqa: S603 - our own command
            [sys.executable, *command, "--workers", str(workers)], cwd=ROOT, check=True
        )
        spent_s = time.perf_counter() - start
        lines = out.read_bytes().count(b"\n")
    if lines != photos:
        raise SystemExit(f"{lines} lines for {photos} photos")
    return photos / spent_s


def _pipeline(photos: int, workers: int) -> float:
    """Photos a second, of processes that do nothing else, from the moment all are ready."""
    spawn = multiprocessing.get_context("spawn")
    ready, over = spawn.Barrier(workers + 1), spawn.Barrier(workers + 1)
    share = max(1, photos // workers)
    team = [spawn.Process(target=_look, args=(share, ready, over)) for _ in range(workers)]
    for process in team:
        process.start()
    ready.wait()
    start = time.perf_counter()
    over.wait()
    spent_s = time.perf_counter() - start
    for process in team:
        process.join()
    return share * workers / spent_s


def _look(photos: int, ready: Barrier, over: Barrier) -> None:
    memory.keep_free_blocks()
    cv2.setNumThreads(1)
    pipeline, data = Pipeline.load(Settings.load({}, dotenv=None)), photo()
    for _ in range(_WARM_UP):
        pipeline.analyze(data)
    ready.wait()
    for _ in range(photos):
        pipeline.analyze(data)
    over.wait()


def main(argv: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    arguments = parser.parse_args(argv)
    figures = measure(arguments.photos, arguments.workers, arguments.rounds)
    for name, value in figures.items():
        print(f"{name:24} {value:8.2f}")
    if arguments.json:
        print(json.dumps({name: round(value, 3) for name, value in figures.items()}))


if __name__ == "__main__":
    main()
