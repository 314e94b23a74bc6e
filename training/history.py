"""What led to a run's weights: its command and hours, and those of the runs that it began with."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_FILE = "history.json"
_WATTS_PER_CORE = 10  # a server's processor under load, memory included: an estimate, no reading


def begin(folder: Path, start_from: str, argv: Sequence[str] | None) -> None:
    """Note the command that runs, and what came before the weights it begins with."""
    main = sys.modules["__main__"].__spec__
    words = sys.argv[1:] if argv is None else argv
    line = f"python -m {main.name if main else 'training'} {shlex.join(_portable(words))}"
    start = Path(start_from).parent
    before = _read(start).get("runs", []) if start_from else []
    # Their hours go along: where a run is continued, earlier logs may be on another machine.
    timed = [{**entry, "seconds": _seconds(start, entry)} for entry in before]
    runs = [*timed, {"command": line, "run": folder.name}]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _FILE).write_text(json.dumps({"runs": runs}, indent=2) + "\n", encoding="utf-8")


def copy(run: Path, folder: Path) -> None:
    """Note in another folder what is known of a run, its hours included."""
    timed = [{**entry, "seconds": _seconds(run, entry)} for entry in _read(run).get("runs", [])]
    (folder / _FILE).write_text(json.dumps({"runs": timed}, indent=2) + "\n", encoding="utf-8")


def training_of(run: Path) -> dict[str, Any]:
    """Commands, hours and estimated energy of a run and the ones before it, for the report.

    Empty where nothing was noted.
    """
    runs = _read(run).get("runs", [])
    if not runs:
        return {}
    seconds = sum(_seconds(run, entry) for entry in runs)
    cores = os.cpu_count() or 1
    return {
        "commands": [entry["command"] for entry in runs],
        "hours": round(seconds / 3600, 2),
        "energy_kwh": round(seconds / 3600 * cores * _WATTS_PER_CORE / 1000, 3),
    }


def _portable(words: Sequence[str]) -> list[str]:
    """The words of a command line, with DIR for a folder that lies elsewhere for everybody."""
    kept = list(words)
    for i, word in enumerate(kept[:-1]):
        if word == "--data":
            kept[i + 1] = "DIR"
    return kept


def _read(folder: Path) -> dict[str, Any]:
    file = folder / _FILE
    return dict(json.loads(file.read_text(encoding="utf-8"))) if file.exists() else {}


def _seconds(folder: Path, entry: dict[str, Any]) -> float:
    """What a run took: as it was noted, or by the log beside `folder`, which tells of it."""
    if "seconds" in entry:
        return float(entry["seconds"])
    log = folder.parent / entry["run"] / "log.jsonl"
    if not log.exists():
        return 0.0
    lines = log.read_text(encoding="utf-8").splitlines()
    return float(sum(json.loads(line)["seconds"] for line in lines))
