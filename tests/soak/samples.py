"""What /proc says about every process of a local run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import psutil

_PROC = Path("/proc")
_SIZE = re.compile(r"^(\w+):\s+(\d+) kB", re.MULTILINE)
_SERVICE = re.compile(r"/(app_\w+\.\d+)\.sock")


@dataclass(frozen=True)
class Sample:
    """One process at one moment."""

    at_s: float
    name: str
    pid: int
    pss_mb: float
    rss_mb: float
    descriptors: int


def look(launcher: psutil.Process, at_s: float) -> list[Sample]:
    """A sample of the launcher and of everything it has started; Linux alone."""
    found = []
    for process in [launcher, *launcher.children(recursive=True)]:
        try:
            found.append(_sample(process, launcher, at_s))
        except (OSError, psutil.Error):
            # It ended between two lines of this: missing samples tell of it.
            continue
    return found


def _sample(process: psutil.Process, launcher: psutil.Process, at_s: float) -> Sample:
    folder = _PROC / str(process.pid)
    sizes = dict(_SIZE.findall((folder / "smaps_rollup").read_text()))
    return Sample(
        at_s=at_s,
        name=_name(process, launcher),
        pid=process.pid,
        pss_mb=int(sizes["Pss"]) / 1024,
        rss_mb=int(sizes["Rss"]) / 1024,
        descriptors=sum(1 for _ in (folder / "fd").iterdir()),
    )


def _name(process: psutil.Process, launcher: psutil.Process) -> str:
    if process.pid == launcher.pid:
        return "launcher"
    words = " ".join(process.cmdline())
    role = "" if process.ppid() == launcher.pid else " worker"
    if service := _SERVICE.search(words):
        return service[1] + role
    if "nginx" in words:
        return f"nginx{role}"
    module = re.search(r"-m (\w+)", words)
    return (module[1] if module else words[:20]) + role
