"""What the operating system says about one replica: gunicorn's master and its workers together."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

_PROC = Path("/proc")
# Fields of /proc/PID/stat after the name in brackets (proc(5) counts from 1, with two before).
_UTIME, _STIME, _CUTIME, _CSTIME, _START = 11, 12, 13, 14, 19


class ReplicaCollector(Collector):
    """The figures that Prometheus' libraries tell of a process, summed over a row of them.

    Empty where there is no /proc. Processor time includes workers that have ended, so that it never
    goes back. Memory is the proportional share (PSS): what workers have in common counts once.
    """

    def __init__(self, master: int) -> None:
        self._master = master

    def collect(self) -> Iterator[Metric]:
        """The metrics of now."""
        try:
            master = _stat(self._master)
            pids = [self._master, *_children(self._master)]
        except OSError:
            return
        ticks = int(master[_CUTIME]) + int(master[_CSTIME])
        memory_bytes = descriptors = 0
        for pid in pids:
            # A worker may end between two lines of this.
            with suppress(OSError):
                stat = _stat(pid)
                ticks += int(stat[_UTIME]) + int(stat[_STIME])
                memory_bytes += _pss_bytes(pid)
                descriptors += sum(1 for _ in (_PROC / str(pid) / "fd").iterdir())
        per_second = os.sysconf("SC_CLK_TCK")
        yield CounterMetricFamily(
            "process_cpu_seconds_total",
            "Processor time of the replica.",
            value=ticks / per_second,
        )
        yield GaugeMetricFamily(
            "process_resident_memory_bytes",
            "Memory of the replica, shared pages counted once.",
            value=memory_bytes,
        )
        yield GaugeMetricFamily(
            "process_open_fds", "Open file descriptors of the replica.", value=descriptors
        )
        yield GaugeMetricFamily(
            "process_start_time_seconds",
            "When the replica started, seconds since the epoch.",
            value=_boot_time_s() + int(master[_START]) / per_second,
        )


def _stat(pid: int) -> list[str]:
    return (_PROC / str(pid) / "stat").read_text().rpartition(") ")[2].split()


def _children(pid: int) -> list[int]:
    return [int(child) for child in (_PROC / f"{pid}/task/{pid}/children").read_text().split()]


def _pss_bytes(pid: int) -> int:
    for line in (_PROC / str(pid) / "smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def _boot_time_s() -> int:
    for line in (_PROC / "stat").read_text().splitlines():
        if line.startswith("btime "):
            return int(line.split()[1])
    return 0
