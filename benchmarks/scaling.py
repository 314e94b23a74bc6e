"""What more replicas add, and whether dispatcher, nginx and queue can feed them.

First one replica of ours and two behind nginx on the cores at hand, in turns; the module
`replicas` says who has which core. Then up to 16 simulated services that take a fixed time a job,
behind the same nginx, fed by the real dispatcher from a real queue: `jobs_per_s` by services,
beside what the services alone could do; and the ceiling of each queue, with services that take no
time at all: SQLite as the bot opens it (`full`), SQLite that leaves writing to the system
(`normal`), a redis-server that syncs every second.
Results go to benchmarks/results/; with --json the last line is one object.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import time
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import plots, replicas, results
from benchmarks.company import Company
from benchmarks.dispatching import bot, sqlite
from benchmarks.load import RequestFailed
from benchmarks.processes import DidNotStart
from benchmarks.redis_server import NEEDED, RedisServer, is_installed
from benchmarks.results import rounded, spread

SERVICES = (1, 2, 4, 8, 16)
SERVICE_MS = 25.0
_WAITING = 100
_WARM_UP_S = 0.5
_CPU = ("bot_cpu_ms", "nginx_cpu_ms")

Figures = dict[str, Any]


def simulated(services: int, service_ms: float, seconds: float, queue: str) -> Figures:
    """Jobs per second, and the processor milliseconds a job of this process and of nginx."""
    in_flight = max(8, 2 * services)
    with bot(services=services, service_ms=service_ms, in_flight=in_flight, queue=queue) as started:
        started.keep_waiting(_WAITING, _WARM_UP_S)
        before, begin, spent = len(started.done), time.perf_counter(), time.process_time()
        proxy_s = started.proxy.usage().cpu_s or math.nan
        started.keep_waiting(0, seconds)
        jobs, took_s = max(1, len(started.done) - before), time.perf_counter() - begin
        cpu_s = time.process_time() - spent
        proxy_s = (started.proxy.usage().cpu_s or math.nan) - proxy_s
        started.drain()
    return {
        "jobs_per_s": jobs / took_s,
        "bot_cpu_ms": 1000 * cpu_s / jobs,
        "nginx_cpu_ms": 1000 * proxy_s / jobs,
    }


def ceilings(rounds: int, seconds: float, company: Company) -> Figures:
    """Jobs per second before 16 services that take no time, by queue; null where none is there."""
    found: Figures = {"redis": None}
    with ExitStack() as stack:
        queues = {"sqlite_normal": sqlite(), "sqlite_full": sqlite(synchronous="full")}
        if is_installed():
            queues["redis"] = stack.enter_context(RedisServer(appendfsync="everysec")).url
        for name, queue in queues.items():
            window = partial(simulated, SERVICES[-1], 0.0, seconds, queue)
            runs = [company.watch(window) for _ in range(rounds)]
            found[name] = {
                **spread([run["jobs_per_s"] for run in runs]),
                **{key: rounded(statistics.median(run[key] for run in runs)) for key in _CPU},
            }
    return found


def measure(
    rounds: int, seconds: float, company: Company, services: Sequence[int] = SERVICES
) -> Figures:
    """Everything. Raises `DidNotStart` and `RequestFailed`."""
    figures = replicas.measure(rounds, seconds, company)
    by_services = {}
    for n in services:
        window = partial(simulated, n, SERVICE_MS, seconds, sqlite())
        rates = [company.watch(window)["jobs_per_s"] for _ in range(rounds)]
        by_services[str(n)] = {
            "possible": rounded(n * 1000 / SERVICE_MS),
            "jobs_per_s": spread(rates),
        }
    return {
        **figures,
        "simulated_ms": SERVICE_MS,
        "simulated": by_services,
        "ceiling_jobs_per_s": ceilings(rounds, seconds, company),
        "rounds": rounds,
        "seconds": seconds,
        "others_cores": company.told(),
    }


def table(figures: Figures) -> str:
    """The figures as text."""
    rates, ms = figures["photos_per_s"], figures["simulated_ms"]
    lines = [
        f"1 replica {rates['1']:g} photos/s, 2 replicas {rates['2']:g}",
        f"on as many cores as replicas, all in: {_told(figures['speedup_spread'])} times",
        f"nginx and clients on both cores: {_told(figures['speedup_front_apart'])} times",
        f"jobs/s through queue, dispatcher and nginx, services of {ms:g} ms:",
    ]
    for n, one in figures["simulated"].items():
        rate = one["jobs_per_s"]
        share = 100 * rate["median"] / one["possible"]
        lines.append(f"{n:>8} {_told(rate)} of {one['possible']:g} possible, {share:.0f} %")
    for name, rate in figures["ceiling_jobs_per_s"].items():
        told = NEEDED
        if rate is not None:
            cpu = f"bot {rate['bot_cpu_ms']:g} ms, nginx {rate['nginx_cpu_ms']:g} ms"
            told = f"{_told(rate)}; processor time a job: {cpu}"
        lines.append(f"ceiling, {name}: {told}")
    return "\n".join([*lines, results.disturbance(figures)])


def _told(values: Figures) -> str:
    return f"{values['median']:g} ({values['min']:g} to {values['max']:g})"


def draw(figures: Figures, path: Path) -> None:
    """Jobs per second by simulated services."""
    rows = figures["simulated"]
    xs = [int(n) for n in rows]
    title = f"Simulated services of {figures['simulated_ms']:g} ms"
    with plots.axes(path, title=title, xlabel="services", ylabel="jobs per second") as axes:
        axes.plot(xs, [r["possible"] for r in rows.values()], color=plots.GRAY, label="possible")
        rates = [row["jobs_per_s"]["median"] for row in rows.values()]
        axes.plot(xs, rates, color=plots.BLUE, marker="o", label="through the queue and nginx")
        for name, rate in figures["ceiling_jobs_per_s"].items():
            if rate is not None:
                axes.axhline(rate["median"], color=plots.ORANGE, linestyle=":")
                axes.annotate(f"ceiling, {name}", (1, rate["median"]), fontsize=8)


def main(argv: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4.0, help="of each window")
    parser.add_argument("--services", type=int, nargs="+", default=SERVICES)
    results.add_options(parser)
    arguments = parser.parse_args(argv)
    facts = results.machine()
    try:
        company = Company(patient=arguments.patient)
        figures = measure(arguments.rounds, arguments.seconds, company, arguments.services)
    except (DidNotStart, RequestFailed) as error:
        raise SystemExit(f"A service failed: {error}") from None
    print(table(figures))
    results.write(
        "scaling", figures, facts, folder=arguments.out, plot=lambda path: draw(figures, path)
    )
    if arguments.json:
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
