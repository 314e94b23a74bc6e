"""Who else uses the processor while something is measured, and how to be alone with it.

Elsewhere than on Linux nobody can tell: there others count as none.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from benchmarks.results import rounded

T = TypeVar("T")

_PROC = Path("/proc")
_DISTURBED_CORES = 0.1
_TRIES = 4
_LONGEST_WAIT_S = 60.0
_LOOK_S = 0.5


@dataclass
class Company:
    """Notes how many cores others took in each window that counted.

    `patient`: wait for a quiet machine before each window, and measure one in which others took
    more than a tenth of a core again, up to three times; the least disturbed one counts.
    """

    patient: bool = False
    others_cores: list[float] = field(default_factory=list)

    def watch(self, act: Callable[[], T]) -> T:
        """What `act` returns, from the window that counts."""
        found: list[tuple[float, T]] = []
        for _ in range(_TRIES if self.patient else 1):
            if self.patient:
                _wait_for_quiet()
            begin, others = time.perf_counter(), _others_s()
            result = act()
            cores = (_others_s() - others) / max(1e-6, time.perf_counter() - begin)
            found.append((max(0.0, cores), result))
            if cores <= _DISTURBED_CORES:
                break
        cores, result = min(found, key=lambda one: one[0])
        self.others_cores.append(cores)
        return result

    def told(self) -> dict[str, float]:
        """The mean and the worst of all windows."""
        cores = self.others_cores or [0.0]
        return {"mean": rounded(sum(cores) / len(cores)), "max": rounded(max(cores))}


def _wait_for_quiet() -> None:
    ends_at = time.monotonic() + _LONGEST_WAIT_S
    while time.monotonic() < ends_at:
        before = _others_s()
        time.sleep(_LOOK_S)
        if (_others_s() - before) / _LOOK_S <= _DISTURBED_CORES:
            return


def _others_s() -> float:
    """Processor seconds of all cores that neither were idle nor went to our processes."""
    if not (_PROC / "stat").exists():
        return 0.0
    user, nice, system, _, _, *rest = (
        int(number) for number in (_PROC / "stat").read_text().splitlines()[0].split()[1:9]
    )
    ticks = user + nice + system + sum(rest) - _ours_ticks(os.getpid())
    return ticks / os.sysconf("SC_CLK_TCK")


def _ours_ticks(pid: int) -> int:
    """Of a process and all below it, those that have ended included."""
    ticks = 0
    with suppress(OSError):  # it may end meanwhile
        stat = (_PROC / str(pid) / "stat").read_text().rpartition(") ")[2].split()
        ticks = sum(int(number) for number in stat[11:15])
        for task in (_PROC / str(pid) / "task").iterdir():
            for child in (task / "children").read_text().split():
                ticks += _ours_ticks(int(child))
    return ticks
