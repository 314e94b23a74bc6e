"""Real processes, small ones: sleepers, and programs that die."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from launcher.plan import Program
from launcher.readiness import Readiness
from launcher.supervisor import Supervisor

_READY = (
    "import os, socket, time\n"
    "s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\n"
    "s.sendto(b'READY=1\\nSTATUS=polling as @x_bot', os.environ['NOTIFY_SOCKET'])\n"
)
SLEEPER = Program("sleeper", (sys.executable, "-c", _READY + "time.sleep(60)"))


def python(code: str, name: str = "program") -> Program:
    return Program(name, (sys.executable, "-c", code))


@pytest.fixture
def readiness(tmp_path: Path) -> Iterator[Readiness]:
    readiness = Readiness(tmp_path)
    yield readiness
    readiness.close()


def until(condition: Callable[[], bool], supervisor: Supervisor, seconds: float = 20) -> None:
    """Step until the condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "not within the time of the test"
        assert supervisor.step() is None
        time.sleep(0.02)


def processes(supervisor: Supervisor) -> list[subprocess.Popen[bytes]]:
    return [child.process for child in supervisor._children if child.process]


def test_a_program_is_waited_for_until_it_says_ready(readiness: Readiness) -> None:
    supervisor = Supervisor([SLEEPER], readiness, print)
    assert supervisor.waiting_for() == ["sleeper"]
    until(lambda: not supervisor.waiting_for(), supervisor)
    assert readiness.status["sleeper"] == "polling as @x_bot"
    supervisor.stop(1)


def test_a_program_that_dies_is_started_again_after_one_line(readiness: Readiness) -> None:
    said: list[str] = []
    supervisor = Supervisor([SLEEPER], readiness, said.append)
    until(lambda: not supervisor.waiting_for(), supervisor)
    first = processes(supervisor)[0].pid
    os.kill(first, signal.SIGKILL)
    until(lambda: bool(said), supervisor)
    until(lambda: not supervisor.waiting_for(), supervisor)
    assert processes(supervisor)[0].pid != first
    assert said == ["sleeper ended (signal 9); starting it again in 1 s"]
    supervisor.stop(1)


def test_five_deaths_in_a_minute_end_the_run_with_a_sentence(
    readiness: Readiness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("launcher.supervisor._BACKOFF_S", (0.01, 0.02))
    said: list[str] = []
    supervisor = Supervisor([python("raise SystemExit(3)")], readiness, said.append)
    code = None
    deadline = time.monotonic() + 30
    while code is None and time.monotonic() < deadline:
        code = supervisor.step()
        time.sleep(0.01)
    assert code == 1
    assert len(said) == 5
    assert "died five times in a minute" in said[-1]
    supervisor.stop(0.1)


@pytest.mark.parametrize(("final", "lines"), [(78, 0), (4, 1)])
def test_a_program_that_only_its_operator_can_help_ends_the_run(
    readiness: Readiness, final: int, lines: int
) -> None:
    said: list[str] = []
    supervisor = Supervisor([python(f"raise SystemExit({final})")], readiness, said.append)
    deadline = time.monotonic() + 20
    code = None
    while code is None and time.monotonic() < deadline:
        code = supervisor.step()
        time.sleep(0.02)
    assert code == 78
    # After gunicorn's 4 the program's sentence is not the last line: the launcher points at it.
    assert ["cannot start" in line for line in said] == [True] * lines
    supervisor.stop(0.1)


def test_stop_leaves_nothing_behind_even_of_those_who_do_not_listen(readiness: Readiness) -> None:
    stubborn = (
        "import signal, subprocess, sys\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        + _READY
        + "time.sleep(60)\n"
    )
    supervisor = Supervisor([python(stubborn, "stubborn"), SLEEPER], readiness, print)
    until(lambda: not supervisor.waiting_for(), supervisor)
    all_of_them = [
        one
        for process in processes(supervisor)
        for one in (psutil.Process(process.pid), *psutil.Process(process.pid).children())
    ]
    assert len(all_of_them) == 3
    supervisor.stop(0.5)
    _, alive = psutil.wait_procs(all_of_them, timeout=5)
    assert [one for one in alive if one.status() != psutil.STATUS_ZOMBIE] == []


def test_children_end_when_the_launcher_is_killed(tmp_path: Path) -> None:
    launcher = (
        "import sys, time, pathlib\n"
        "from launcher.plan import Program\n"
        "from launcher.readiness import Readiness\n"
        "from launcher.supervisor import Supervisor\n"
        f"run = pathlib.Path({str(tmp_path)!r})\n"
        "program = Program('s', (sys.executable, '-c', 'import time; time.sleep(60)'))\n"
        "supervisor = Supervisor([program], Readiness(run), print)\n"
        "supervisor.step()\n"
        "print(supervisor._children[0].process.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", launcher], stdout=subprocess.PIPE) as process:
        assert process.stdout
        child = psutil.Process(int(process.stdout.readline()))
        time.sleep(0.5)
        process.kill()
    psutil.wait_procs([child], timeout=5)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE
