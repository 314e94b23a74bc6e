"""Malformed HTTP requests, by raw sockets, at nginx and at each service behind it."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.hostile.outcome import Outcome
from tests.hostile.requests import bodies, exchange, framing, heads, slowness
from tests.hostile.requests.case import ANSWERED, CLOSED, Case
from tests.service_processes import Process, call, gunicorn, nginx, nginx_command

PATHS = {"nginx": "/v1/faces", "app_image": "/v1/faces", "app_url": "/v1/faces/url"}


@dataclass(frozen=True)
class World:
    """nginx and both services as real processes, each of one worker."""

    processes: dict[str, Process]

    @property
    def workers(self) -> dict[str, set[int]]:
        """The processes of each, by id; nginx's and gunicorn's masters have one child each."""
        return {
            name: {child.pid for child in psutil.Process(each.popen.pid).children()}
            for name, each in self.processes.items()
        }

    def serves(self) -> bool:
        """Whether all three still answer a request that is as it should be."""
        return all(
            call(each.socket, "GET", path).status == 200
            for name, each in self.processes.items()
            for path in (("/healthz", "/v1/about") if name == "nginx" else ("/readyz",))
        )


def cases() -> Iterator[Case]:
    """All but the slow ones."""
    for module in (framing, heads, bodies):
        yield from module.cases()


@contextmanager
def world(folder: Path) -> Iterator[World]:
    """Started, and ended with the block."""
    nginx_command()
    with (
        gunicorn("services.app_image:create()", folder) as image,
        gunicorn("services.app_url:create()", folder) as url,
        nginx(folder, app_image=[image.socket], app_url=[url.socket], api_rate=10_000) as proxy,
    ):
        yield World({"nginx": proxy, "app_image": image, "app_url": url})


def tried(case: Case, target: str, where: World) -> Outcome:
    """What became of a case at one of the three."""
    begun = time.monotonic()
    found = exchange.found(case, where.processes[target].socket, PATHS[target])
    took_s = time.monotonic() - begun
    expected = found if found in case.allowed else " or ".join(case.allowed)
    name = f"{case.name}, to {target}"
    return Outcome("requests", case.group, name, expected, found, took_s, case.limit_s)


def slow_ones(where: World) -> list[Outcome]:
    """What became of the slow ones, all at the same time; alone the proxy can end them."""

    def held(case: slowness.Slow) -> Outcome:
        with exchange.connected(where.processes["nginx"].socket) as line:
            ended, took_s = slowness.held(case, line, PATHS["nginx"])
        found = CLOSED if ended else "kept"
        return Outcome("requests", "slow", case.name, CLOSED, found, took_s, case.limit_s)

    every = list(slowness.cases())
    with ThreadPoolExecutor(len(every)) as hands:
        return list(hands.map(held, every))


def outcomes() -> Iterator[Outcome]:
    """What became of every case at each of the three."""
    with tempfile.TemporaryDirectory() as folder, world(Path(folder)) as where:
        before = where.workers
        for case in cases():
            for target in case.targets:
                yield tried(case, target, where)
        yield from slow_ones(where)
        whole = where.serves() and where.workers == before
        name = "all three still have the workers that they had, and serve"
        found = ANSWERED if whole else "crashed"
        yield Outcome("requests", "workers", name, ANSWERED, found, 0.0, 1.0)
