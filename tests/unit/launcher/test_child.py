"""The way of systems without PR_SET_PDEATHSIG: a pipe that closes with the launcher."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from launcher.child import PIPE_VARIABLE
from utils.settings import ROOT

_WATCH = (
    "import sys; from launcher.child import watch; sys.exit(watch(sys.argv[2:], int(sys.argv[1])))"
)


def watched(code: str, pipe: int) -> subprocess.Popen[bytes]:
    argv = [sys.executable, "-c", _WATCH, str(pipe), sys.executable, "-c", code]
    return subprocess.Popen(argv, pass_fds=(pipe,), cwd=ROOT)


def test_the_command_is_ended_when_the_pipe_closes() -> None:
    reading, writing = os.pipe()
    with watched("import time; time.sleep(60)", reading) as process:
        os.close(reading)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1)
        os.close(writing)
        assert process.wait(10) == 128 + 15


def test_the_commands_exit_code_is_handed_on() -> None:
    reading, writing = os.pipe()
    with watched("raise SystemExit(7)", reading) as process:
        assert process.wait(20) == 7
    os.close(reading)
    os.close(writing)


def test_a_child_whose_launcher_died_before_it_started_does_not_start() -> None:
    reading, writing = os.pipe()
    os.close(writing)
    argv = [sys.executable, "-m", "launcher.child", sys.executable, "-c", "print('started')"]
    environment = {**os.environ, PIPE_VARIABLE: str(reading)}
    done = subprocess.run(
        argv, pass_fds=(reading,), env=environment, cwd=ROOT, capture_output=True, check=False
    )
    os.close(reading)
    assert b"started" not in done.stdout
