"""The services that are compared: a replica of ours and the workers of 2020, started alike."""

from __future__ import annotations

import importlib.util
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.load import Ask, Client
from benchmarks.processes import TOKEN, Running, local_run, run_folder, running
from launcher.plan import Program

NEEDS_TENSORFLOW = (
    "The baseline needs TensorFlow: .venv/bin/uv sync --locked --inexact --group train"
)


@dataclass(frozen=True)
class Contender:
    """A service that answered a first photo `ready_s` after its start and took `idle_mb` then."""

    first: Ask
    running: Running
    ready_s: float
    idle_mb: float | None

    def ask(self, photo: bytes) -> Ask:
        """For the annotated copy of a photo."""
        return replace(self.first, body=photo)


@contextmanager
def ours(photo: bytes) -> Iterator[Contender]:
    """`services.app_image` as a local run starts it, asked for a JPEG at its public route."""
    with run_folder() as run:
        first = Ask(str(run / "app_image.1.sock"), "/v1/faces", photo, "image/jpeg")
        with _started(local_run(run)["app_image.1"], run, first) as contender:
            yield contender


@contextmanager
def baseline(photo: bytes, create: str = "create") -> Iterator[Contender]:
    """The worker of 2020; `create` names its application in `benchmarks.baseline.worker`."""
    with run_folder() as run:
        first = Ask(str(run / "baseline.sock"), "/classify", photo, "image/png")
        argv = (
            *(sys.executable, "-m", "gunicorn", "-k", "gevent", "-w", "1", "--timeout", "300"),
            *("--no-control-socket", "-b", f"unix:{first.where}"),
            f"benchmarks.baseline.worker:{create}()",
        )
        with _started(Program("baseline", argv), run, first) as contender:
            yield contender


@contextmanager
def _started(program: Program, run: Path, first: Ask) -> Iterator[Contender]:
    environ = dict(program.env) | {"TELEGRAM_TOKEN": TOKEN}
    with running(program.name, program.argv, run, environ) as process:
        process.wait_for(first.where)
        with Client(first) as client:
            client.ask()
        ready_s = time.perf_counter() - process.started_at
        yield Contender(first, process, ready_s, process.usage().pss_mb)


@contextmanager
def everyone(photo: bytes) -> Iterator[dict[str, Contender]]:
    """Ours, the baseline and the charitable one, side by side; idle until they are asked."""
    if any(importlib.util.find_spec(name) is None for name in ("tensorflow", "keras")):
        raise SystemExit(NEEDS_TENSORFLOW)
    with ExitStack() as stack:
        yield {
            "baseline": stack.enter_context(baseline(photo)),
            "charitable": stack.enter_context(baseline(photo, "create_charitable")),
            "ours": stack.enter_context(ours(photo)),
        }
