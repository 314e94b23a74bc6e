"""What one photo of 1280x960 with one face costs on this machine, stage by stage, in one process.

`total_ms` is all of `Pipeline.annotate`, with memory kept as a service keeps it; the stages are its
own. `floor_ms` is the sum of the fastest that any library at hand does of each stage, with nothing
of ours around it: see benchmarks/floor.py. All of them take turns, so that what else the machine
does meets all. All figures are medians in milliseconds. With --json the last line is one object.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from benchmarks.floor import rivals
from benchmarks.photos import photo
from utils import memory
from utils.pipeline import Pipeline
from utils.settings import Settings

STAGES = ("decode", "detect", "classify", "annotate", "encode")
_WARM_UP = 3

Times = dict[str, list[float]]


def measure(rounds: int) -> tuple[dict[str, float], dict[str, float]]:
    """Medians over `rounds` turns: the figures, and what each library takes for each stage."""
    memory.keep_free_blocks()
    pipeline, data = Pipeline.load(Settings.load({}, dotenv=None)), photo()
    row = rivals(data)
    ours: Times = defaultdict(list)
    theirs: Times = defaultdict(list)
    for turn in range(_WARM_UP + rounds):
        if turn == _WARM_UP:
            ours.clear()
            theirs.clear()
        start = time.perf_counter()
        stages = pipeline.annotate(data, "chat").analysis.ms
        ours["total"].append((time.perf_counter() - start) * 1000)
        for stage in STAGES:
            ours[stage].append(stages[stage])
            for library, act in row[stage].items():
                theirs[f"{stage} by {library}"].append(_ms(act))
    figures = {f"{stage}_ms": _median(ours[stage]) for stage in (*STAGES, "total")}
    found = {name: _median(times) for name, times in theirs.items()}
    floor = (min(found[f"{stage} by {library}"] for library in row[stage]) for stage in STAGES)
    return figures | {"floor_ms": round(sum(floor), 2)}, found


def _ms(act: Callable[[], Any]) -> float:
    start = time.perf_counter()
    act()
    return (time.perf_counter() - start) * 1000


def _median(times: list[float]) -> float:
    return round(statistics.median(times), 2)


def main(argv: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    arguments = parser.parse_args(argv)
    figures, libraries = measure(arguments.rounds)
    for name, value in (figures | libraries).items():
        print(f"{name:26} {value:8.2f}")
    print(f"total / floor              {figures['total_ms'] / figures['floor_ms']:8.2f}")
    if arguments.json:
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
