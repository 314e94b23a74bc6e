from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import waiting
from benchmarks.dispatching import Done

FULL = {"load": 1.1, "erlang_ms": None}


def test_measured_waits_stand_beside_those_of_perfect_servers() -> None:
    # Nine jobs at once before eight services of a second: one waits; here each 10 ms longer.
    done = [Done(0.001 * i, 0.001 * i + 0.01, 0.001 * i + 1.0) for i in range(8)]
    done.append(Done(0.008, 1.018, 2.008))
    row = waiting.compared(done, own_s=0.01)
    assert row["jobs"] == 9
    assert row["perfect_ms"] == pytest.approx(1000 * (1.0 - 0.008) / 9, rel=0.01)
    assert row["measured_ms"] == pytest.approx((8 * 10 + 1010) / 9, rel=0.01)
    assert row["erlang_ms"] is None


def test_the_table_and_the_plot_show_every_load(tmp_path: Path) -> None:
    row = {"jobs": 9, "load": 0.5, "measured_ms": 4.0, "perfect_ms": 3.0, "erlang_ms": 2.5}
    figures = {"services": 8, "service_ms": 40.0, "loads": {"30": row, "80": row | FULL}}
    figures["others_cores"] = {"mean": 0.0, "max": 0.0}
    assert len(waiting.table(figures).splitlines()) == 4
    waiting.draw(figures, tmp_path / "waiting.svg")
    assert 1000 < (tmp_path / "waiting.svg").stat().st_size < 60_000
