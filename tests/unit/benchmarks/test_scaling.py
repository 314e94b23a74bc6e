from __future__ import annotations

from pathlib import Path

from benchmarks import scaling
from benchmarks.results import spread


def figures() -> dict:
    return {
        "photos_per_s": {"1": 50.0, "2": 96.0},
        "speedup": 1.92,
        "speedup_spread": spread([1.9, 1.92, 1.95]),
        "speedup_front_apart": spread([1.7]),
        "simulated_ms": 25.0,
        "others_cores": {"mean": 0.02, "max": 0.3},
        "simulated": {
            n: {"possible": 40.0 * int(n), "jobs_per_s": spread([39.0 * int(n)])}
            for n in ("1", "16")
        },
        "ceiling_jobs_per_s": {
            "redis": None,
            "sqlite_normal": spread([700.0]) | {"bot_cpu_ms": 1.2, "nginx_cpu_ms": 0.1},
        },
    }


def test_the_table_tells_how_much_of_what_is_possible_was_reached() -> None:
    told = scaling.table(figures())
    assert "1.92 (1.9 to 1.95) times" in told
    assert "624 (624 to 624) of 640 possible, 98 %" in told
    assert "ceiling, sqlite_normal: 700" in told
    assert "ceiling, redis: needs a redis-server" in told


def test_the_plot_is_small(tmp_path: Path) -> None:
    scaling.draw(figures(), tmp_path / "scaling.svg")
    assert 1000 < (tmp_path / "scaling.svg").stat().st_size < 60_000
