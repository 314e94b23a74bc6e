"""What the operating system says about one replica: gunicorn's master, workers, decoders."""

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
            pids = [self._master, *_descendants(self._master)]
        except OSError:
            return
        ticks = memory_bytes = descriptors = 0
        for pid in pids:
            # A worker may end between two lines of this.
            with suppress(OSError):
                stat = _stat(pid)
                # With the time of those that it started and that have ended.
                ticks += sum(int(stat[field]) for field in (_UTIME, _STIME, _CUTIME, _CSTIME))
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


def _descendants(pid: int) -> list[int]:
    """Workers, and the processes in which these decode."""
    found: list[int] = []
    for task in (_PROC / str(pid) / "task").iterdir():
        # A thread may end, and with it its list, between two lines of this.
        with suppress(OSError):
            for child in (task / "children").read_text().split():
                found += [int(child), *_descendants(int(child))]
    return found


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
