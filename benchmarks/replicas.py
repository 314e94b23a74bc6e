"""One replica of ours and two, behind nginx, each on a processor core of its own."""

from __future__ import annotations

import os
import statistics
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from benchmarks.company import Company
from benchmarks.load import Ask, Client, drive
from benchmarks.photos import photo
from benchmarks.processes import (
    NEEDS_NGINX,
    TOKEN,
    confined,
    local_run,
    run_folder,
    running,
)
from benchmarks.results import rounded, spread

NEEDS_TWO_CORES = "This needs Linux and two processor cores."
_PER_REPLICA_AT_ONCE = 8


@dataclass(frozen=True)
class Row:
    """Replicas behind an nginx, and the cores on which whoever is no replica runs."""

    where: str
    replicas: int
    front: Sequence[int]


@contextmanager
def row(replicas: int, front: Sequence[int], cores: Sequence[int]) -> Iterator[Row]:
    """So many replicas, the first on the first core and so on, nginx on the cores `front`."""
    with run_folder() as run, ExitStack() as stack:
        programs = local_run(run, replicas=replicas)
        if "nginx" not in programs:
            raise SystemExit(NEEDS_NGINX)
        for i in range(1, replicas + 1):
            program = programs[f"app_image.{i}"]
            environ = dict(program.env) | {"TELEGRAM_TOKEN": TOKEN}
            with confined(cores[i - 1 : i]):
                process = stack.enter_context(running(program.name, program.argv, run, environ))
            where = str(run / f"app_image.{i}.sock")
            process.wait_for(where)
            with Client(_ask(where)) as client:
                client.ask()
        nginx = programs["nginx"]
        where = str(nginx.ready).removeprefix("http://").removesuffix("/healthz")
        with confined(front):
            proxy = stack.enter_context(running("nginx", nginx.argv, run))
        proxy.wait_for(where)
        yield Row(where, replicas, front)


def measure(rounds: int, seconds: float, company: Company) -> dict[str, Any]:
    """Photos per second by replicas, in turns, and what the second one adds.

    `speedup`: with n replicas everything, nginx and the clients too, has n cores: what a second
    machine of this kind would add. `speedup_front_apart`: nginx and the clients have both cores in
    either case, so that with one replica they have one for themselves.
    Raises `DidNotStart` and `RequestFailed`.
    """
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    if len(cores) < 2:
        raise SystemExit(NEEDS_TWO_CORES)
    cores = cores[:2]
    rates: dict[str, list[float]] = {"1": [], "2": [], "1_front_apart": []}
    with (
        row(1, cores[:1], cores) as one,
        row(2, cores, cores) as two,
        row(1, cores, cores) as apart,
    ):
        rows = {"1": one, "2": two, "1_front_apart": apart}
        for number in range(rounds):
            for name in list(rows)[:: -1 if number % 2 else 1]:
                rates[name].append(company.watch(partial(_rate, rows[name], seconds)))
    gains = [b / a for a, b in zip(rates["1"], rates["2"], strict=True)]
    apart_gains = [b / a for a, b in zip(rates["1_front_apart"], rates["2"], strict=True)]
    return {
        "photos_per_s": {n: rounded(statistics.median(rates[n])) for n in ("1", "2")},
        "speedup": rounded(statistics.median(gains)),
        "speedup_spread": spread(gains),
        "photos_per_s_front_apart": rounded(statistics.median(rates["1_front_apart"])),
        "speedup_front_apart": spread(apart_gains),
    }


def _rate(row: Row, seconds: float) -> float:
    with confined(row.front):
        at_once = _PER_REPLICA_AT_ONCE * row.replicas
        return drive(_ask(row.where), at_once=at_once, seconds=seconds, least=16).per_s


def _ask(where: str) -> Ask:
    return Ask(where, "/v1/faces", photo(), "image/jpeg")
