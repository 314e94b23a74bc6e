"""What a benchmark found, beside what is known of the machine: a JSON file and a plot.

They are written into benchmarks/results/, so that every figure of the documentation can be looked
up together with where, when and in what company it was measured.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from utils.settings import ROOT

FOLDER = ROOT / "benchmarks" / "results"
_PACKAGES = (
    *("onnxruntime", "opencv-python-headless", "numpy", "flask", "gunicorn", "gevent"),
    *("tensorflow", "keras"),
)


def machine() -> dict[str, Any]:
    """Cores, processor, memory, versions, date, and the load average of the last minute."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="minutes"),
        "cores": len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count(),
        "processor": _line(Path("/proc/cpuinfo"), "model name") or platform.machine(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "system": f"{platform.system()} {platform.release().partition('-')[0]}",
        "load_average": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "nginx": _nginx_version(),
        **{name: _version(name) for name in _PACKAGES},
    }


def _line(path: Path, name: str) -> str | None:
    if not path.is_file():
        return None
    found = re.search(rf"^{name}\s*: (.+)$", path.read_text(), re.MULTILINE)
    return found.group(1).strip() if found else None


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _nginx_version() -> str | None:
    nginx = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    if nginx is None:
        return None
    told = subprocess.run([nginx, "-v"], capture_output=True, text=True, check=False)  # noqa: S603 - our own command
    return told.stderr.strip().rpartition("/")[2] or None


def spread(values: Sequence[float]) -> dict[str, float]:
    """Smallest, median and largest of repeated rounds."""
    return {
        "min": rounded(min(values)),
        "median": rounded(statistics.median(values)),
        "max": rounded(max(values)),
    }


def rounded(value: float) -> float:
    """Three significant digits, or whole from 1,000 on: nothing here is known better."""
    return round(value) if abs(value) >= 1000 else float(f"{value:.3g}")


def write(
    name: str,
    figures: Mapping[str, Any],
    facts: Mapping[str, Any],
    *,
    folder: Path,
    plot: Callable[[Path], None] | None = None,
) -> Path:
    """Store `<name>.json`, and the plot as `<name>.svg` where matplotlib is installed."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    shape = {"machine": {**facts, "load_average_at_the_end": round(os.getloadavg()[0], 2)}}
    path.write_text(json.dumps(shape | {"figures": figures}, indent=2) + "\n", encoding="utf-8")
    if plot is not None:
        try:
            plot(folder / f"{name}.svg")
        except ImportError:
            print("No plot was drawn: it needs matplotlib (uv sync --group train).")
    return path


def disturbance(figures: Mapping[str, Any]) -> str:
    """How much of the machine was others', in words."""
    others = figures["others_cores"]
    return f"others took {others['mean']:g} cores in the mean, {others['max']:g} at worst"


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options that every command with results has."""
    parser.add_argument(
        "--patient", action="store_true", help="wait for a quiet machine, repeat what was disturbed"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder of the JSON and the plot")
