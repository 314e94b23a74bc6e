"""Keeps the programs of a plan alive: restart with backoff, readiness, an orderly end.

Supervisors that are kept well (supervisor, circus, honcho) each lack one part of this: readiness
before the next step, an end in order within five seconds, or children that notice a killed
launcher; so these lines are our own.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from launcher.child import PIPE_VARIABLE
from launcher.plan import Program
from launcher.readiness import Readiness
from utils.settings import ROOT

EXIT_CONFIG = 78  # sysexits.h: what a program says when only its operator can help
_GUNICORN_LOAD_FAILED = 4  # its own number for an application that cannot start
_BACKOFF_S = (1.0, 30.0)
_DEATHS_ALLOWED, _DEATHS_WINDOW_S = 5, 60.0
_LAST_CALL_S = 0.7


@dataclass
class _Child:
    program: Program
    process: subprocess.Popen[bytes] | None = None
    ready: bool = False
    due: float = 0.0
    deaths: list[float] = field(default_factory=list)


class Supervisor:
    """Runs programs from one thread; `say` gets each line meant for the operator."""

    def __init__(
        self, programs: Sequence[Program], readiness: Readiness, say: Callable[[str], None]
    ) -> None:
        self._children = [_Child(program) for program in programs]
        self._readiness, self._say = readiness, say
        # Only this process holds the writing end: the children see it close when we are gone.
        self._pipe, self._pipe_kept = os.pipe()

    def step(self) -> int | None:
        """Start what is due, note what died or became ready; an exit code ends the run."""
        now = time.monotonic()
        for child in self._children:
            if child.process is None:
                if now >= child.due:
                    self._start(child)
            elif (code := child.process.poll()) is not None:
                ending = self._died(child, code, now)
                if ending is not None:
                    return ending
            elif not child.ready and self._readiness.of(child.program):
                child.ready, child.deaths = True, []
        return None

    def waiting_for(self) -> list[str]:
        """Names of the programs that are not ready."""
        return [child.program.name for child in self._children if not child.ready]

    def stop(self, drain_s: float) -> None:
        """End the last program first, with time to drain; then all others; then by force."""
        running = [child for child in self._children if child.process is not None]
        for child in running[-1:]:
            _signal(child, signal.SIGTERM)
        _wait(running[-1:], drain_s)
        for child in running:
            _signal(child, signal.SIGTERM)
        _wait(running, _LAST_CALL_S)
        for child in running:
            _signal(child, signal.SIGKILL)
        _wait(running, _LAST_CALL_S)
        for end in (self._pipe, self._pipe_kept):
            os.close(end)

    def _start(self, child: _Child) -> None:
        program = child.program
        self._readiness.forget(program)
        environment = {**os.environ, **program.env, PIPE_VARIABLE: str(self._pipe)}
        environment["NOTIFY_SOCKET"] = self._readiness.notify_socket(program)
        # A session of its own: Ctrl-C reaches the launcher alone, which then stops all in order.
        child.process = subprocess.Popen(
            (sys.executable, "-m", "launcher.child", *program.argv),
            cwd=ROOT,
            env=environment,
            pass_fds=(self._pipe,),
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _died(self, child: _Child, code: int, now: float) -> int | None:
        name = child.program.name
        _signal(child, signal.SIGKILL)
        child.process, child.ready = None, False
        if code == _GUNICORN_LOAD_FAILED:
            # gunicorn's own lines stand after the one that says why.
            self._say(f'{name} cannot start; its line "cannot start: ..." says why.')
        if code in (EXIT_CONFIG, _GUNICORN_LOAD_FAILED):
            return EXIT_CONFIG
        child.deaths = [*(t for t in child.deaths if now - t < _DEATHS_WINDOW_S), now]
        if len(child.deaths) >= _DEATHS_ALLOWED:
            self._say(f"{name} died five times in a minute; the lines above say why. Stopping.")
            return 1
        wait_s = min(_BACKOFF_S[0] * 2 ** (len(child.deaths) - 1), _BACKOFF_S[1])
        child.due = now + wait_s
        self._say(f"{name} ended ({_how(code)}); starting it again in {wait_s:.0f} s")
        return None


def _signal(child: _Child, number: int) -> None:
    """Signal a program's whole process group, so that none of its workers outlives it."""
    if child.process is None:
        return
    try:
        os.killpg(child.process.pid, number)
    except (ProcessLookupError, PermissionError):
        return


def _wait(children: Sequence[_Child], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    for child in children:
        if child.process is not None:
            try:
                child.process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                continue


def _how(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"
