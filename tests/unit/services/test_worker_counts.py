"""Workers as processes of their own that are forked as gunicorn forks them."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from services import worker_counts
from utils.settings import ROOT

PLAY = """
import json, os, sys
from pathlib import Path
from types import SimpleNamespace
from services import worker_counts
from services.metrics import Metrics
from tests.metric_values import values_of

folder = worker_counts.prepare(Path(sys.argv[1]))
server = SimpleNamespace(WORKERS={})

def live(worker, photos, left_in_flight):
    worker_counts.post_fork(server, worker)
    metrics = Metrics()
    metrics.expect("/x")
    for _ in range(photos):
        with metrics.photo("/x") as saw:
            pass
    for _ in range(left_in_flight):
        metrics._in_flight.inc()
    os._exit(0)

def born(photos, left_in_flight=0):
    worker = SimpleNamespace()
    worker_counts.pre_fork(server, worker)
    pid = os.fork()
    if pid == 0:
        live(worker, photos, left_in_flight)
    os.waitpid(pid, 0)
    server.WORKERS[pid] = worker
    return pid

def told():
    values = values_of(Metrics().exposition())
    done = values['semblance_photos_total{outcome="internal_error",route="/x"}']
    return done, values["semblance_photos_in_flight"]

def dies(pid):
    worker_counts.child_exit(server, server.WORKERS.pop(pid))

steps = []
first, second = born(3, 1), born(4, 1)
steps.append(told())
dies(first)
steps.append(told())
third = born(5)
steps.append(told())
files = sorted(path.name for path in folder.iterdir())
numbers = sorted(worker.number for worker in server.WORKERS.values())
print(json.dumps({"steps": steps, "files": files, "numbers": numbers}))
"""


@pytest.fixture
def play(tmp_path: Path) -> dict[str, object]:
    ended = subprocess.run(
        [sys.executable, "-c", PLAY, str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(ended.stdout)


def test_counts_of_all_workers_add_up_and_never_go_back(play: dict[str, object]) -> None:
    assert [done for done, _ in play["steps"]] == [7, 7, 12]


def test_what_a_dead_worker_had_in_flight_is_forgotten(play: dict[str, object]) -> None:
    assert [in_flight for _, in_flight in play["steps"]] == [2, 1, 1]


def test_a_new_worker_takes_the_free_number_and_its_files(play: dict[str, object]) -> None:
    assert play["numbers"] == [1, 2]
    assert {name for name in play["files"] if not name.endswith("_0.db")} == {
        f"{kind}_{number}.db"
        for kind in ("counter", "histogram", "gauge_livesum")
        for number in (1, 2)
    }


def test_numbers_are_the_lowest_that_are_free() -> None:
    server = SimpleNamespace(WORKERS={1: SimpleNamespace(number=1), 9: SimpleNamespace(number=3)})
    worker = SimpleNamespace()
    worker_counts.pre_fork(server, worker)
    assert worker.number == 2


WAIT = """
import sys, time
from pathlib import Path
from services import worker_counts
print(worker_counts.prepare(Path(sys.argv[1])), flush=True)
time.sleep(600)
"""


def started(parent: Path) -> tuple[subprocess.Popen[str], Path]:
    popen = subprocess.Popen(
        [sys.executable, "-c", WAIT, str(parent)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert popen.stdout is not None
    return popen, Path(popen.stdout.readline().strip())


def test_folders_of_the_dead_are_removed_and_those_of_the_living_are_not(tmp_path: Path) -> None:
    dead, dead_folder = started(tmp_path)
    living, living_folder = started(tmp_path)
    assert dead_folder.is_dir()
    dead.send_signal(signal.SIGKILL)
    dead.wait()
    third, third_folder = started(tmp_path)
    try:
        assert sorted(tmp_path.iterdir()) == sorted([living_folder, third_folder])
        assert third_folder.stat().st_mode & 0o077 == 0
    finally:
        for each in (dead, living, third):
            each.kill()
            each.communicate()


def test_what_is_no_folder_of_ours_is_left_alone(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / "semblance-metrics-link").symlink_to(elsewhere)
    (tmp_path / "semblance-metrics-file").write_text("x")
    popen, _ = started(tmp_path)
    popen.kill()
    popen.communicate()
    assert elsewhere.is_dir()
    assert (tmp_path / "semblance-metrics-file").read_text() == "x"
