"""What of this machine is ours: processor cores and memory, as cgroups and affinity allow.

Containers are limited by cgroups, of version 1 or 2; neither the number of processors nor the size
of memory that programs usually ask for takes notice. A limit may stand at a process's own group or
at any group above it. https://docs.kernel.org/admin-guide/cgroup-v2.html, .../cgroup-v1/
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Source = Literal["cgroup", "affinity", "machine"]


@dataclass(frozen=True)
class Machine:
    """Cores (a quarter of one is possible) and memory, each with who set the bound."""

    cores: float
    memory_bytes: int
    cores_by: Source = "machine"
    memory_by: Source = "machine"

    def __str__(self) -> str:
        cores = f"{self.cores:.3g} core{'' if self.cores == 1 else 's'}"
        return f"{cores} ({self.cores_by}), {self.memory_bytes >> 20} MB ({self.memory_by})"

    @classmethod
    def look(
        cls, root: Path = Path("/"), *, cores: int | None = None, memory_bytes: int | None = None
    ) -> Machine:
        """The bounds of this process.

        `root` is where /proc and /sys are found; `cores` and `memory_bytes` stand for what the
        operating system tells where no cgroup says less.
        """
        installed = cores or os.cpu_count() or 1
        ours = cores or _allowed(installed)
        cores_by: Source = "affinity" if ours < installed else "machine"
        bound: float = ours
        memory = memory_bytes or os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        memory_by: Source = "machine"
        for quota in _quotas(root):
            if quota < bound:
                bound, cores_by = quota, "cgroup"
        for limit in _memory_limits(root):
            if limit < memory:
                memory, memory_by = limit, "cgroup"
        return cls(bound, memory, cores_by, memory_by)


def _allowed(installed: int) -> int:
    # macOS has no affinity.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else installed


def _quotas(root: Path) -> Iterator[float]:
    """Cores, of each group that limits them."""
    for group in _groups(root, "cpu"):
        # Microseconds of processor time in each period of so many; "max" or -1 is no limit.
        version_2 = _words(group / "cpu.max")
        version_1 = _words(group / "cpu.cfs_quota_us") + _words(group / "cpu.cfs_period_us")
        for words in (version_2, version_1):
            numbers = [int(word) for word in words if word.isdecimal()]
            if len(numbers) == 2 and all(numbers):
                yield numbers[0] / numbers[1]


def _memory_limits(root: Path) -> Iterator[int]:
    """Bytes, of each group that limits them."""
    for group in _groups(root, "memory"):
        for name in ("memory.max", "memory.limit_in_bytes"):
            for word in _words(group / name):
                if word.isdecimal() and int(word):
                    yield int(word)


def _groups(root: Path, controller: str) -> Iterator[Path]:
    """The folders of this process's groups, from its own upwards, for one controller.

    In a container the path may be one that only its host can see; the topmost folder is then ours.
    """
    for line in _lines(root / "proc/self/cgroup"):
        _, controllers, path = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        top = root / "sys/fs/cgroup" / (controller if controllers else "")
        names = [name for name in path.split("/") if name not in ("", "..")]
        for depth in range(len(names), -1, -1):
            yield top.joinpath(*names[:depth])


def _words(file: Path) -> list[str]:
    return [word for line in _lines(file) for word in line.split()]


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return []
