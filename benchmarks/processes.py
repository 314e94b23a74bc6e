"""The processes that are measured: those of a local run, one by one, on chosen cores."""

from __future__ import annotations

import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.load import connected
from launcher.plan import Program, make_plan
from services.replica import ReplicaCollector
from utils.settings import ROOT, Settings

SECRET = "a-secret-of-the-benchmarks"  # noqa: S105 - it protects nothing
TOKEN = "1:a-token-that-no-telegram-knows"  # noqa: S105 - nor does this
NEEDS_NGINX = "This needs nginx: apt-get install nginx."
_START_TIMEOUT_S = 180.0
_STOP_TIMEOUT_S = 40.0


class DidNotStart(Exception):
    """A process ended, or answered nothing, with the last lines of its log."""


@dataclass(frozen=True)
class Usage:
    """Of a process and its children: processor time since the start, memory (PSS) now."""

    cpu_s: float | None
    pss_mb: float | None


@dataclass(frozen=True)
class Running:
    """A started process."""

    process: subprocess.Popen[bytes]
    log: Path
    started_at: float

    def usage(self) -> Usage:
        """What it takes; None where the system has no /proc."""
        values = {
            sample.name: sample.value
            for metric in ReplicaCollector(self.process.pid).collect()
            for sample in metric.samples
        }
        memory = values.get("process_resident_memory_bytes")
        return Usage(
            values.get("process_cpu_seconds_total"), None if memory is None else memory / 1e6
        )

    def wait_for(self, where: str) -> None:
        """Until somebody listens there: a unix socket's path, or host:port.

        Raises `DidNotStart`.
        """
        while time.perf_counter() - self.started_at < _START_TIMEOUT_S:
            if self.process.poll() is not None:
                break
            with suppress(OSError), connected(where):
                return
            time.sleep(0.002)
        raise DidNotStart("\n".join(self.log.read_text(errors="replace").splitlines()[-5:]))


@contextmanager
def run_folder() -> Iterator[Path]:
    """A private folder with a short path: a unix socket's may have 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        yield Path(folder)


@contextmanager
def running(
    name: str, argv: Sequence[str], run: Path, environ: Mapping[str, str] | None = None
) -> Iterator[Running]:
    """The command as a process, until the block ends; its words go to a file in `run`."""
    log = run / f"{name}.log"
    kept = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
    with log.open("wb") as words:
        started_at = time.perf_counter()
        process = subprocess.Popen(  # noqa: S603 - our own commands
            argv, cwd=ROOT, env=kept | dict(environ or {}), stdout=words, stderr=words
        )
    try:
        yield Running(process, log, started_at)
    finally:
        process.terminate()
        try:
            process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def local_run(run: Path, *, replicas: int = 1) -> dict[str, Program]:
    """The programs of a local run by name: `app_image.1`, `nginx` ...; none is started.

    nginx is ready to be started in front of sockets `app_image.<i>.sock` of the folder `run`.
    """
    settings = Settings.load(
        {
            "SEMBLANCE_PORT": str(free_port()),
            "SEMBLANCE_REPLICAS": str(replicas),
            "SEMBLANCE_SECRET": SECRET,
            "TELEGRAM_TOKEN": TOKEN,
        },
        dotenv=None,
    )
    programs = make_plan(settings, run).programs
    return {program.name: program for program in programs}


def free_port() -> int:
    """A port of 127.0.0.1 that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def confined(cores: Sequence[int]) -> Iterator[None]:
    """Keep this thread, and what it starts, on these processor cores (Linux)."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
