from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from benchmarks import company
from benchmarks.company import Company

pytestmark = pytest.mark.skipif(not company._PROC.exists(), reason="needs Linux' /proc")


def clock(*seconds: float) -> Iterator[float]:
    """What others have taken so far, at each look."""
    return iter(seconds)


def test_what_we_start_ourselves_is_not_others() -> None:
    before = company._ours_ticks(company.os.getpid())
    child = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        deadline = time.monotonic() + 60
        while company._ours_ticks(company.os.getpid()) < before + 20:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        alive = company._ours_ticks(company.os.getpid())
    finally:
        child.kill()
        child.wait()
    assert company._ours_ticks(company.os.getpid()) >= alive


def test_impatient_company_measures_once(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = clock(0.0, 100.0)
    monkeypatch.setattr(company, "_others_s", lambda: next(looks))
    noted = Company()
    assert noted.watch(lambda: "result") == "result"
    assert noted.told()["max"] > 1


def test_patient_company_takes_the_least_disturbed_window(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Two looks a window: very disturbed, little disturbed, then the worst twice.
    looks = clock(0, 50, 50, 51, 51, 151, 151, 251)
    monkeypatch.setattr(company, "_others_s", lambda: next(looks))
    monkeypatch.setattr(company, "_wait_for_quiet", lambda: None)
    results = iter(["first", "second", "third", "fourth"])
    noted = Company(patient=True)
    assert noted.watch(lambda: next(results)) == "second"
    assert len(noted.others_cores) == 1


def test_patient_company_stops_at_the_first_quiet_window(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(company, "_others_s", lambda: 0.0)
    monkeypatch.setattr(company, "_wait_for_quiet", lambda: None)
    results = iter(["first", "second"])
    assert Company(patient=True).watch(lambda: next(results)) == "first"
