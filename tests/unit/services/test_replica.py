import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from services.replica import ReplicaCollector

pytestmark = pytest.mark.skipif(not Path("/proc/stat").exists(), reason="needs Linux' /proc")


def told(pid):
    return {
        sample.name: sample.value
        for metric in ReplicaCollector(pid).collect()
        for sample in metric.samples
    }


def test_a_process_is_described_as_the_system_sees_it():
    told_here, seen = told(os.getpid()), psutil.Process()
    assert told_here["process_start_time_seconds"] == pytest.approx(seen.create_time(), abs=1.5)
    assert 0 < told_here["process_resident_memory_bytes"] <= seen.memory_info().rss * 1.2
    assert told_here["process_open_fds"] >= 3


CHILD = "import os; os.read(0, 1); x = bytearray(40_000_000); os.write(1, b'.'); os.read(0, 1)"


def test_children_count_while_they_live_and_their_time_also_afterwards():
    alone = told(os.getpid())
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    child.stdin.write(b".")
    child.stdin.flush()
    child.stdout.read(1)
    together = told(os.getpid())
    name = "process_resident_memory_bytes"
    assert together[name] > alone[name] + 40_000_000
    assert together["process_open_fds"] > alone["process_open_fds"]
    child.communicate(b".")
    after = told(os.getpid())
    assert after[name] < together[name]
    assert after["process_cpu_seconds_total"] >= together["process_cpu_seconds_total"]


def test_a_process_that_is_gone_has_no_figures():
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    assert told(ended.pid) == {}
