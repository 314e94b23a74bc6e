"""How long jobs wait in the queue, by how busy the services are, beside what theory says.

Eight simulated services with random (exponential) times, the real nginx, dispatcher and queue,
and jobs that come at random (Poisson): a textbook's M/M/8. For each load `measured_ms` is the mean
from put to claim, `erlang_ms` the formula's (Erlang C) for the rate and the service time that were
measured, and `perfect_ms` what these very jobs would have waited before perfect servers: the first
two differ by chance as well, for a run is short, but measured and perfect do not. A job's service
time is the time that its place in flight was taken: from claim to ack, and the dispatcher's own
time between two jobs. Results go to benchmarks/results/; with --json the last line is one object.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import statistics
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import plots, results
from benchmarks.company import Company
from benchmarks.dispatching import Done, bot, sqlite
from benchmarks.erlang import mean_wait_s, waits_s
from benchmarks.processes import DidNotStart
from benchmarks.results import rounded

SERVICES = 8
SERVICE_MS = 40.0
LOADS = (30, 60, 80, 90, 95)
_CALIBRATION_S = 4.0

Figures = dict[str, float | None]
Report = dict[str, Any]


def own_time_s(seconds: float) -> tuple[float, float]:
    """Seconds a place is taken by a job, with fixed service times; and the part outside of it."""
    with bot(services=SERVICES, service_ms=SERVICE_MS, in_flight=SERVICES, queue=sqlite()) as full:
        full.keep_waiting(2 * SERVICES, seconds)
        full.drain()
        done = sorted(full.done, key=lambda job: job.acked_at)
    took_s = done[-1].acked_at - done[0].acked_at
    place_s = SERVICES * took_s / (len(done) - 1)
    return place_s, max(0.0, place_s - statistics.mean(j.acked_at - j.claimed_at for j in done))


def run(arrivals_per_s: float, seconds: float, *, seed: int) -> list[Done]:
    """Jobs at random moments, all of them answered, in the order in which they came."""
    chance = random.Random(seed)  # noqa: S311 - arrivals, no secret
    with bot(
        services=SERVICES,
        service_ms=SERVICE_MS,
        in_flight=SERVICES,
        queue=sqlite(),
        at_random=True,
    ) as started:
        next_at = ends_at = time.perf_counter()
        ends_at += seconds
        while (next_at := next_at + chance.expovariate(arrivals_per_s)) < ends_at:
            time.sleep(max(0.0, next_at - time.perf_counter()))
            started.put()
        started.drain()
        return sorted(started.done, key=lambda job: job.put_at)


def compared(done: Sequence[Done], own_s: float) -> Figures:
    """Measured waits of jobs beside both theories; `own_s` is the dispatcher's time a job."""
    arrivals = [job.put_at for job in done]
    services = [job.acked_at - job.claimed_at + own_s for job in done]
    rate, service_s = (len(done) - 1) / (arrivals[-1] - arrivals[0]), statistics.mean(services)
    waited = [job.claimed_at - job.put_at for job in done]
    perfect = waits_s(SERVICES, arrivals, services)
    formula_s = mean_wait_s(SERVICES, rate, service_s)
    return {
        "jobs": len(done),
        "load": rounded(rate * service_s / SERVICES),
        "measured_ms": rounded(1000 * statistics.mean(waited)),
        "perfect_ms": rounded(1000 * statistics.mean(perfect)),
        # By chance more may have come than could be served: no formula has an end to that.
        "erlang_ms": rounded(1000 * formula_s) if math.isfinite(formula_s) else None,
    }


def measure(seconds: float, company: Company, loads: Sequence[int] = LOADS) -> Report:
    """The comparison at every load, given in per cent of what the services can do."""
    place_s, own_s = company.watch(partial(own_time_s, min(seconds, _CALIBRATION_S)))
    rows = {}
    for load in loads:
        window = partial(run, load / 100 * SERVICES / place_s, seconds, seed=load)
        rows[str(load)] = compared(company.watch(window), own_s)
    return {
        "services": SERVICES,
        "service_ms": SERVICE_MS,
        "own_ms": rounded(1000 * own_s),
        "capacity_per_s": rounded(SERVICES / place_s),
        "seconds": seconds,
        "others_cores": company.told(),
        "loads": rows,
    }


def table(figures: Report) -> str:
    """A line a load."""
    lines = [f"{'load':>6}{'met':>7}{'jobs':>7}{'waited ms':>11}{'perfect':>9}{'Erlang C':>10}"]
    for load, row in figures["loads"].items():
        formula = "-" if row["erlang_ms"] is None else f"{row['erlang_ms']:g}"
        lines.append(
            f"{load:>4} %{row['load']:7.2f}{row['jobs']:7}{row['measured_ms']:11g}"
            f"{row['perfect_ms']:9g}{formula:>10}"
        )
    return "\n".join([*lines, results.disturbance(figures)])


def draw(figures: Report, path: Path) -> None:
    """Waits by load, measured and by both theories."""
    rows = list(figures["loads"].values())
    loads = [row["load"] for row in rows]
    title = f"{SERVICES} services of {SERVICE_MS:g} ms, random arrivals"
    with plots.axes(path, title=title, xlabel="load", ylabel="mean wait, ms") as axes:
        for key, color, label in (
            ("measured_ms", plots.BLUE, "measured"),
            ("perfect_ms", plots.ORANGE, "perfect servers, same jobs"),
            ("erlang_ms", plots.GRAY, "Erlang C"),
        ):
            axes.plot(
                loads, [row[key] or math.nan for row in rows], color=color, marker="o", label=label
            )


def main(argv: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=30.0, help="of each load")
    parser.add_argument("--loads", type=int, nargs="+", default=LOADS, help="in per cent")
    results.add_options(parser)
    arguments = parser.parse_args(argv)
    facts = results.machine()
    try:
        company = Company(patient=arguments.patient)
        figures = measure(arguments.seconds, company, arguments.loads)
    except DidNotStart as error:
        raise SystemExit(f"A process failed: {error}") from None
    print(table(figures))
    results.write(
        "waiting", figures, facts, folder=arguments.out, plot=lambda path: draw(figures, path)
    )
    if arguments.json:
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
