from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.chaos.clock import JumpingClock


def test_the_wall_clock_of_a_process_jumps_while_it_runs(tmp_path: Path) -> None:
    try:
        clock = JumpingClock(tmp_path)
    except OSError as error:
        pytest.skip(str(error))
    program = "import time\nwhile input():\n print(time.time(), time.monotonic(), flush=True)"
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        env=os.environ | clock.environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    off = []
    for jump_s in (0.0, 400.0, -1000.0):
        clock.jump(jump_s)
        process.stdin.write("now\n")
        process.stdin.flush()
        wall, monotonic = map(float, process.stdout.readline().split())
        off.append(round((wall - time.time()) / 100))
        assert abs(monotonic - time.monotonic()) < 60
    process.stdin.close()
    process.stdout.close()
    process.kill()
    process.wait()
    assert off == [0, 4, -6]
