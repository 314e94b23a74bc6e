"""The figures of docs/capacity.md, from the newest results: python -m benchmarks.capacity --write.

The page has places for them, each from `<!-- figures: NAME -->` to `<!-- end -->`; without --write
they are only printed. A test compares the page with the results.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.results import FOLDER, rounded
from utils.settings import ROOT

PAGE = ROOT / "docs" / "capacity.md"
_PLACE = re.compile(r"(<!-- figures: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
_MONTH_S = 30 * 24 * 3600
_QUEUES = {
    "sqlite_full": "SQLite, every job on the disk (the default)",
    "sqlite_normal": "SQLite with `?synchronous=normal`",
    "redis": "Redis, synced every second",
}

Results = dict[str, dict[str, Any]]


def load(folder: Path = FOLDER) -> Results:
    """Machine and figures of each command. Raises `OSError` where one was never run."""
    names = ("serving", "scaling", "waiting")
    return {name: json.loads((folder / f"{name}.json").read_text()) for name in names}


def filled(page: str, results: Results) -> str:
    """The page with all its figures in place."""
    return _PLACE.sub(lambda m: f"{m[1]}\n{BLOCKS[m[2]](results)}\n\n{m[3]}", page)


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(value) for value in line) + " |" for line in lines)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{rounded(value):,g}" if value < 1000 else f"{rounded(value):,}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _spread(values: dict[str, float]) -> str:
    return f"{_cell(values['median'])} ({_cell(values['min'])} to {_cell(values['max'])})"


def machine(results: Results) -> str:
    """Where and when, and in what company."""
    facts = results["serving"]["machine"]
    runs = ", ".join(
        f"{name} {result['figures']['others_cores']['mean']:g}" for name, result in results.items()
    )
    return (
        f"Measured on {facts['date'][:10]} with {facts['cores']} cores ({facts['processor']}), "
        f"{facts['memory_gb']:g} GB, {facts['system']}, Python {facts['python']}, "
        f"ONNX Runtime {facts['onnxruntime']}, OpenCV {facts['opencv-python-headless']}, "
        f"nginx {facts['nginx']}, Keras {facts['keras']} on TensorFlow {facts['tensorflow']}. "
        f"Cores that other programs took meanwhile, in the mean: {runs}."
    )


def serving(results: Results) -> str:
    """One replica beside the worker of 2020."""
    head = ("photos", "photos/s", "times the old", "times the charitable", "p50 ms", "p99 ms")
    rows = [
        (
            _told(name),
            one["photos_per_s"],
            _spread(one["ratio"]),
            _spread(one["charitable_ratio"]),
            one["p50_ms"],
            f"{_cell(one['p99_ms'])} (old {_cell(one['baseline_p99_ms'])})",
        )
        for name, one in results["serving"]["figures"]["cells"].items()
    ]
    return _table(head, rows)


def _told(cell: str) -> str:
    """The name of a cell in words: 3_faces_16_at_once."""
    faces, _, at_once = cell.removesuffix("_at_once").rpartition("_")
    requests = "request" if at_once == "1" else "requests"
    return f"{faces.replace('_', ' ')}, {at_once} {requests} at once"


def planning(results: Results) -> str:
    """What a core does in a second and in a month, and what a million photos cost."""
    cores = results["serving"]["machine"]["cores"]
    rows = []
    for name, one in results["serving"]["figures"]["cells"].items():
        if name.endswith("_16_at_once") and one["cpu_ms"] is not None:
            per_core = one["photos_per_s"] / cores
            month_millions = per_core * _MONTH_S / 1e6
            cpu_s = one["cpu_ms"] * 1000
            faces = name.partition("_at")[0].rpartition("_")[0].replace("_", " ")
            old = one["baseline_cpu_ms"] * 1000
            rows.append((faces, per_core, month_millions, cpu_s, cpu_s / 3600, old))
    head = (
        *("photo", "photos/s a core", "millions a month a core", "processor s a million photos"),
        *("hours", "the old worker's s"),
    )
    return _table(head, rows)


def memory(results: Results) -> str:
    """Memory and starts of one replica."""
    figures = results["serving"]["figures"]
    head = ("", "after one photo, MB", "after all of the above, MB", "first answer after, s")
    names = {"one replica": "", "the old worker": "baseline_", "charitable": "charitable_"}
    return _table(
        head,
        [
            (words, *(figures[f"{prefix}{key}"] for key in ("idle_mb", "rss_mb", "ready_s")))
            for words, prefix in names.items()
        ],
    )


def scaling(results: Results) -> str:
    """One replica and two."""
    figures = results["scaling"]["figures"]
    rates = figures["photos_per_s"]
    return _table(
        ("", "1 replica, photos/s", "2 replicas, photos/s", "times"),
        [
            (
                "all of it on as many cores",
                rates["1"],
                rates["2"],
                _spread(figures["speedup_spread"]),
            ),
            (
                "nginx and clients on both cores",
                figures["photos_per_s_front_apart"],
                rates["2"],
                _spread(figures["speedup_front_apart"]),
            ),
        ],
    )


def simulated(results: Results) -> str:
    """Services of a fixed time behind queue, dispatcher and nginx."""
    figures = results["scaling"]["figures"]
    rows = [
        (int(n), one["possible"], _spread(one["jobs_per_s"]))
        for n, one in figures["simulated"].items()
    ]
    head = (f"services of {figures['simulated_ms']:g} ms", "jobs/s they could do", "jobs/s done")
    return _table(head, rows)


def ceiling(results: Results) -> str:
    """What the bot's half can feed at most, and how many cores' worth of photos that is."""
    cells = results["serving"]["figures"]["cells"]
    cores = results["serving"]["machine"]["cores"]
    per_core = cells["1_face_16_at_once"]["photos_per_s"] / cores
    head = ("queue", "jobs/s", "bot, ms a job", "nginx, ms a job", "cores of photos that it feeds")
    found = results["scaling"]["figures"]["ceiling_jobs_per_s"]
    rows = [
        (words, _spread(one), one["bot_cpu_ms"], one["nginx_cpu_ms"], int(one["median"] / per_core))
        for name, words in _QUEUES.items()
        if (one := found[name]) is not None
    ]
    return _table(head, rows)


def waiting(results: Results) -> str:
    """Waits by load beside the theory."""
    figures = results["waiting"]["figures"]
    rows = [
        (
            f"{load} %",
            f"{100 * row['load']:.0f} %",
            row["jobs"],
            row["measured_ms"],
            row["perfect_ms"],
            "-" if row["erlang_ms"] is None else row["erlang_ms"],
        )
        for load, row in figures["loads"].items()
    ]
    head = (
        "load asked for",
        "load met",
        "jobs",
        "mean wait, ms",
        "perfect servers, ms",
        "Erlang C, ms",
    )
    return _table(head, rows)


BLOCKS: dict[str, Callable[[Results], str]] = {
    block.__name__: block
    for block in (machine, serving, planning, memory, scaling, simulated, ceiling, waiting)
}


def main(argv: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="put them into docs/capacity.md")
    arguments = parser.parse_args(argv)
    try:
        results = load()
    except OSError as error:
        raise SystemExit(f"Run `make bench` first: {error.filename} is missing.") from None
    if arguments.write:
        PAGE.write_text(filled(PAGE.read_text(encoding="utf-8"), results), encoding="utf-8")
    else:
        print("\n\n".join(f"{name}\n\n{block(results)}" for name, block in BLOCKS.items()))


if __name__ == "__main__":
    main()
