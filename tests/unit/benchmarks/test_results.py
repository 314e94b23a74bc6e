from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import results


def test_the_machine_is_described_without_its_name() -> None:
    facts = results.machine()
    assert facts["cores"] >= 1
    assert {"date", "processor", "load_average", "python", "onnxruntime", "nginx"} <= set(facts)
    assert not {"node", "host", "user"} & set(facts)


@pytest.mark.parametrize(
    ("value", "told"), [(12345.6, 12346), (999.4, 999.0), (0.012345, 0.0123), (0, 0)]
)
def test_no_more_digits_than_are_known(value: float, told: float) -> None:
    assert results.rounded(value) == told


def test_a_spread_is_the_smallest_the_median_and_the_largest() -> None:
    assert results.spread([3.0, 1.0, 2.0]) == {"min": 1, "median": 2, "max": 3}


def test_a_result_is_stored_beside_the_machine(tmp_path: Path) -> None:
    path = results.write("speed", {"photos_per_s": 3}, {"cores": 2}, folder=tmp_path / "new")
    stored = json.loads(path.read_text())
    assert stored["figures"] == {"photos_per_s": 3}
    assert stored["machine"]["cores"] == 2
    assert "load_average_at_the_end" in stored["machine"]


def test_without_matplotlib_there_is_a_result_and_no_plot(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def plot(_: Path) -> None:
        raise ImportError

    results.write("speed", {}, {}, folder=tmp_path, plot=plot)
    assert [path.name for path in tmp_path.iterdir()] == ["speed.json"]
    assert "matplotlib" in capsys.readouterr().out
