"""A run knows which commands, and how many hours, led to it."""

from __future__ import annotations

import json
from pathlib import Path

from training import history


def log(run: Path, *seconds: float) -> None:
    lines = [json.dumps({"epoch": i, "seconds": s}) for i, s in enumerate(seconds, 1)]
    (run / "log.jsonl").write_text("\n".join(lines) + "\n")


def test_a_run_remembers_the_runs_it_began_with(tmp_path: Path) -> None:
    history.begin(tmp_path / "a", "", ["--data", "/somewhere/else", "--name", "a"])
    log(tmp_path / "a", 1800, 1800)
    history.begin(tmp_path / "b", str(tmp_path / "a" / "average.keras"), ["--name", "b c"])
    log(tmp_path / "b", 3600)
    told = history.training_of(tmp_path / "b")
    assert told["hours"] == 2.0
    assert told["energy_kwh"] > 0
    first, second = told["commands"]
    assert "--data DIR --name a" in first
    assert "--name 'b c'" in second
    assert "somewhere" not in json.dumps(told)


def test_starting_again_does_not_count_the_command_twice(tmp_path: Path) -> None:
    for _ in range(2):
        history.begin(tmp_path / "a", "", ["--name", "a"])
    log(tmp_path / "a", 36)
    assert len(history.training_of(tmp_path / "a")["commands"]) == 1


def test_nothing_noted_is_nothing_told(tmp_path: Path) -> None:
    assert history.training_of(tmp_path / "none") == {}
