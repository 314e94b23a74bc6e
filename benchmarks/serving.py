"""One replica of ours against the worker of 2020, in one go: photos per second, waits, memory.

Each gets one gunicorn with one gevent worker on all cores at hand, and the same photos of
1280x960 from the same clients, over a unix socket: without nginx, which both had in front, and
without Telegram, so that both are asked for the annotated picture itself (ours at /v1/faces). A
Telegram that is played on the same cores would take time from both, and most from the faster one.
`baseline` is described in benchmarks/baseline; `charitable` is the same with a compiled function
in the place of Keras' `predict`.

All three are up for the whole time and take turns within each round, so that what else the machine
does meets all of them. Rates are medians over the rounds, ratios are formed within a round, waits
are those of all rounds together. `rss_mb` is the memory (PSS) of gunicorn and its worker after all
that, `idle_mb` after one photo; `ready_s` is from the start of gunicorn to that one photo's answer.
Results go to benchmarks/results/; with --json the last line is one object, its first figures those
of one face and 16 photos at once.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import contenders, plots, results
from benchmarks.company import Company
from benchmarks.contenders import Contender
from benchmarks.load import RequestFailed, Seen, drive, percentile
from benchmarks.photos import FACES, photo
from benchmarks.processes import DidNotStart
from benchmarks.results import rounded, spread

AT_ONCE = (1, 4, 16)
_LEAST_ANSWERS = 16
_STARTS = 3


@dataclass(frozen=True)
class Turn:
    """What one contender did in one window, and the processor seconds that an answer took."""

    seen: Seen
    cpu_s: float | None


Turns = Mapping[str, Sequence[Turn]]
Figures = dict[str, Any]


def turn(contender: Contender, faces: int, at_once: int, seconds: float) -> Turn:
    """One contender's window. Raises `RequestFailed`."""
    before = contender.running.usage().cpu_s
    ask = contender.ask(photo(faces))
    seen = drive(ask, at_once=at_once, seconds=seconds, least=min(_LEAST_ANSWERS, 8 * at_once))
    after = contender.running.usage().cpu_s
    cpu_s = None if before is None or after is None else (after - before) / seen.answers_in_all
    return Turn(seen, cpu_s)


def cell(turns: Turns) -> Figures:
    """The figures of one number of faces and one number of photos at once."""
    rates = {name: [turn.seen.per_s for turn in row] for name, row in turns.items()}
    figures: Figures = {}
    for name, prefix in (("ours", ""), ("baseline", "baseline_"), ("charitable", "charitable_")):
        waits = [ms for turn in turns[name] for ms in turn.seen.latencies_ms]
        spent = [turn.cpu_s for turn in turns[name] if turn.cpu_s is not None]
        figures |= {
            f"{prefix}photos_per_s": rounded(statistics.median(rates[name])),
            f"{prefix}p50_ms": rounded(percentile(waits, 50)),
            f"{prefix}p99_ms": rounded(percentile(waits, 99)),
            f"{prefix}cpu_ms": rounded(1000 * statistics.median(spent)) if spent else None,
        }
    for name, key in (("baseline", "ratio"), ("charitable", "charitable_ratio")):
        figures[key] = spread([a / b for a, b in zip(rates["ours"], rates[name], strict=True)])
    figures["p99_ratio"] = rounded(figures["baseline_p99_ms"] / figures["p99_ms"])
    return figures


def measure(
    rounds: int,
    seconds: float,
    company: Company,
    *,
    at_once: Sequence[int] = AT_ONCE,
    faces: Sequence[int] = FACES,
) -> Figures:
    """All cells, memory and starts. Raises `DidNotStart` and `RequestFailed`."""
    keys = [(f, n) for f in faces for n in at_once]
    with contenders.everyone(photo()) as row:
        turns: dict[tuple[int, int], dict[str, list[Turn]]] = {
            key: {name: [] for name in row} for key in keys
        }
        for number in range(rounds):
            for key in keys:
                for name in _rotated(list(row), number):
                    window = partial(turn, row[name], *key, seconds)
                    turns[key][name].append(company.watch(window))
        memory = {name: contender.running.usage().pss_mb for name, contender in row.items()}
        starts = {name: contender.ready_s for name, contender in row.items()}
        idle = {name: contender.idle_mb for name, contender in row.items()}
    cells = {_name(*key): cell(turns[key]) for key in keys}
    return {
        **headline(cells),
        **{f"{_prefix(name)}rss_mb": mb and rounded(mb) for name, mb in memory.items()},
        **{f"{_prefix(name)}idle_mb": mb and rounded(mb) for name, mb in idle.items()},
        **{f"{_prefix(name)}ready_s": rounded(s) for name, s in starts.items()},
        "ready_s": rounded(statistics.median([starts["ours"], *_more_starts()])),
        "rounds": rounds,
        "seconds": seconds,
        "others_cores": company.told(),
        "cells": cells,
    }


def headline(cells: Mapping[str, Figures]) -> Figures:
    """The first figures: of one face and 16 at once, null where that was not measured."""
    keys = ("photos_per_s", "baseline_photos_per_s", "charitable_photos_per_s", "p50_ms", "p99_ms")
    chosen = cells.get(_name(1, 16), {})
    ratios = {key: chosen.get(key, {}).get("median") for key in ("ratio", "charitable_ratio")}
    return {key: chosen.get(key) for key in keys} | ratios | {"p99_ratio": chosen.get("p99_ratio")}


def _more_starts() -> list[float]:
    found = []
    for _ in range(_STARTS - 1):
        with contenders.ours(photo()) as contender:
            found.append(contender.ready_s)
    return found


def _rotated(names: list[str], by: int) -> list[str]:
    by %= len(names)
    return names[by:] + names[:by]


def _name(faces: int, at_once: int) -> str:
    return f"{faces}_face{'s' if faces > 1 else ''}_{at_once}_at_once"


def _prefix(name: str) -> str:
    return "" if name == "ours" else f"{name}_"


def table(figures: Figures) -> str:
    """A line a cell, and what memory and start are."""
    head = f"{'':22}{'photos/s':>9}{'baseline':>9}{'charitable':>11}  {'ratio (min to max)':22}"
    lines = [f"{head}{'charitable ratio':22}{'p50 ms':>8}{'p99 ms':>8}{'baseline p99':>13}"]
    for name, one in figures["cells"].items():
        ratios = [
            f"{one[key]['median']:g} ({one[key]['min']:g} to {one[key]['max']:g})"
            for key in ("ratio", "charitable_ratio")
        ]
        lines.append(
            f"{name.replace('_', ' '):22}{one['photos_per_s']:9g}{one['baseline_photos_per_s']:9g}"
            f"{one['charitable_photos_per_s']:11g}  {ratios[0]:22}{ratios[1]:22}"
            f"{one['p50_ms']:8g}{one['p99_ms']:8g}{one['baseline_p99_ms']:13g}"
        )
    for key in ("rss_mb", "idle_mb", "ready_s"):
        values = (f"{name} {figures[_prefix(name) + key]}" for name in _SYSTEMS)
        lines.append(f"{key:10}{', '.join(values)}")
    return "\n".join([*lines, results.disturbance(figures)])


_SYSTEMS = {"ours": plots.BLUE, "charitable": plots.GRAY, "baseline": plots.ORANGE}


def draw(figures: Figures, path: Path) -> None:
    """Photos per second of each contender, a group of bars a cell."""
    cells = figures["cells"]
    with plots.axes(path, title="One replica", xlabel="", ylabel="photos per second") as axes:
        for i, (name, color) in enumerate(_SYSTEMS.items()):
            heights = [one[f"{_prefix(name)}photos_per_s"] for one in cells.values()]
            places = [place + 0.27 * (i - 1) for place in range(len(cells))]
            bars = axes.bar(places, heights, 0.25, color=color, label=name)
            axes.bar_label(bars, fontsize=8)
        axes.set_xticks(range(len(cells)), [name.replace("_", " ", 1) for name in cells])
        axes.set_yscale("log")
        axes.tick_params(axis="x", labelsize=8)


def main(argv: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4.0, help="of each window, at least")
    parser.add_argument("--at-once", type=int, nargs="+", default=AT_ONCE)
    parser.add_argument("--faces", type=int, nargs="+", choices=FACES, default=FACES)
    results.add_options(parser)
    arguments = parser.parse_args(argv)
    facts = results.machine()
    try:
        figures = measure(
            arguments.rounds,
            arguments.seconds,
            Company(patient=arguments.patient),
            at_once=arguments.at_once,
            faces=arguments.faces,
        )
    except (DidNotStart, RequestFailed) as error:
        raise SystemExit(f"A service failed: {error}") from None
    print(table(figures))
    results.write(
        "serving", figures, facts, folder=arguments.out, plot=lambda path: draw(figures, path)
    )
    if arguments.json:
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
