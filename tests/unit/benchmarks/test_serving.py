from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import contenders, serving
from benchmarks.load import Seen
from benchmarks.serving import Turn, cell, headline


def turn(per_s: float, *latencies_ms: float, cpu_s: float | None = 0.01) -> Turn:
    waits = latencies_ms or (10.0,)
    return Turn(Seen(len(waits) / per_s, waits, len(waits)), cpu_s)


def figures(at_once: int = 16) -> dict:
    turns = {
        "ours": [turn(100, 10, 20), turn(150, 30, 40), turn(90)],
        "baseline": [turn(5, 900, 1000, cpu_s=0.2), turn(5), turn(6)],
        "charitable": [turn(10), turn(10), turn(10)],
    }
    one = cell(turns)
    cells = {f"1_face_{at_once}_at_once": one, "3_faces_1_at_once": one}
    sizes = {f"{prefix}{key}": 1.5 for prefix in ("", "baseline_", "charitable_") for key in KEYS}
    others = {"mean": 0.02, "max": 0.3}
    return {**headline(cells), **sizes, "cells": cells, "others_cores": others}


KEYS = ("rss_mb", "idle_mb", "ready_s")


def test_ratios_are_formed_within_a_round_and_rates_are_medians() -> None:
    one = figures()["cells"]["1_face_16_at_once"]
    assert one["photos_per_s"] == 100
    assert one["baseline_photos_per_s"] == 5
    assert one["ratio"] == {"min": 15, "median": 20, "max": 30}
    assert one["charitable_ratio"] == {"min": 9, "median": 10, "max": 15}


def test_waits_are_those_of_all_rounds_together() -> None:
    one = figures()["cells"]["1_face_16_at_once"]
    assert (one["p50_ms"], one["p99_ms"]) == (20, 40)
    assert one["p99_ratio"] == 25
    assert (one["cpu_ms"], one["baseline_cpu_ms"]) == (10, 10)


def test_the_first_figures_are_those_of_one_face_and_sixteen_at_once() -> None:
    assert headline(figures()["cells"])["ratio"] == 20
    nothing = headline(figures(at_once=4)["cells"])
    assert set(nothing) >= {"photos_per_s", "baseline_photos_per_s", "ratio", "p50_ms", "p99_ms"}
    assert all(value is None for value in nothing.values())


def test_processor_time_that_nobody_tells_is_null() -> None:
    one = cell({name: [turn(1, cpu_s=None)] for name in ("ours", "baseline", "charitable")})
    assert one["cpu_ms"] is None


def test_everyone_is_asked_first_once() -> None:
    names = ["a", "b", "c"]
    assert [serving._rotated(names, by)[0] for by in range(4)] == ["a", "b", "c", "a"]


def test_the_table_names_every_cell_and_the_plot_is_small(tmp_path: Path) -> None:
    told = serving.table(figures())
    assert "1 face 16 at once" in told
    assert "20 (15 to 30)" in told
    serving.draw(figures(), tmp_path / "serving.svg")
    assert 1000 < (tmp_path / "serving.svg").stat().st_size < 60_000


def test_without_tensorflow_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contenders.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(SystemExit, match="--group train"), contenders.everyone(b""):
        pass
