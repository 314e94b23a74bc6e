"""`python -m launcher` as a process of its own, with ports, queue and logs of its own."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from benchmarks.limits import NOBODY_IS_LIMITED
from utils.settings import ROOT

_READY_WITHIN_S = 90


class LocalRun:
    """Everything that `make run` starts; `log` is the file with all that it printed."""

    def __init__(self, folder: Path, **environ: str) -> None:
        self.log = folder / "run.log"
        self.port, self.playground_port = free_port(), free_port()
        self.playground_url = f"http://127.0.0.1:{self.playground_port}"
        self.api_url = f"http://127.0.0.1:{self.port}"
        self.environ = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("SEMBLANCE", "TELEGRAM"))},
            "SEMBLANCE_PORT": str(self.port),
            "SEMBLANCE_PLAYGROUND_PORT": str(self.playground_port),
            "SEMBLANCE_QUEUE": f"sqlite:///{folder}/queue.db",
            "SEMBLANCE_SECRET": "a-secret-for-tests-alone",
            **NOBODY_IS_LIMITED,
            **environ,
        }
        self.command = [sys.executable, "-m", "launcher"]
        self.process: subprocess.Popen[bytes]

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start and wait until the launcher says that it is ready."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                cwd=ROOT,
                env=self.environ,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + _READY_WITHIN_S
        while "semblance: ready." not in self.printed():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"the run did not become ready:\n{self.printed()[-3000:]}")
            time.sleep(0.1)

    def stop(self, number: int = signal.SIGINT) -> int:
        """Stop as Ctrl-C does; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(30)

    def printed(self) -> str:
        """All that the run has printed."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def processes(self, pattern: str) -> list[psutil.Process]:
        """Processes of the run whose command line matches."""
        found = []
        for child in psutil.Process(self.process.pid).children(recursive=True):
            try:
                if re.search(pattern, " ".join(child.cmdline())):
                    found.append(child)
            except psutil.Error:
                continue
        return found

    def kill(self, pattern: str) -> None:
        """kill -9 of every process whose command line matches."""
        found = self.processes(pattern)
        assert found, f"no process matches {pattern!r}"
        for process in found:
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue


def free_port() -> int:
    """A port of 127.0.0.1 that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
