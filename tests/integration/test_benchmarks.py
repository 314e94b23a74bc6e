"""Each command that measures processes, for as short as it goes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import archive, replicas, scaling, serving, waiting, webcam
from benchmarks.dispatching import bot, sqlite
from tests.service_processes import nginx_command


def last_line(capsys: pytest.CaptureFixture[str]) -> dict:
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def stored(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_serving_tells_every_promised_figure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("tensorflow", reason="needs TensorFlow: uv sync --group train")
    short = ["--rounds", "1", "--seconds", "0", "--at-once", "1", "--faces", "1"]
    serving.main([*short, "--json", "--out", str(tmp_path)])
    figures = last_line(capsys)
    assert {"photos_per_s", "baseline_photos_per_s", "ratio", "p50_ms", "p99_ms"} <= set(figures)
    assert figures["rss_mb"] > 0
    assert figures["ready_s"] > 0
    assert figures["cells"]["1_face_1_at_once"]["ratio"]["median"] > 0
    assert stored(tmp_path) == {"serving.json", "serving.svg"}


def test_scaling_tells_every_promised_figure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nginx_command()
    if len(getattr(replicas.os, "sched_getaffinity", lambda _: ())(0)) < 2:
        pytest.skip(replicas.NEEDS_TWO_CORES)
    short = ["--rounds", "2", "--seconds", "0.2", "--services", "2"]
    scaling.main([*short, "--json", "--out", str(tmp_path)])
    figures = last_line(capsys)
    assert set(figures["photos_per_s"]) == {"1", "2"}
    assert figures["speedup"] > 0
    assert set(figures["simulated"]) == {"2"}
    assert stored(tmp_path) == {"scaling.json", "scaling.svg"}


def test_waiting_compares_every_load(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nginx_command()
    waiting.main(["--seconds", "0.5", "--loads", "40", "--json", "--out", str(tmp_path)])
    figures = last_line(capsys)
    assert set(figures["loads"]) == {"40"}
    assert figures["loads"]["40"]["measured_ms"] > 0
    assert stored(tmp_path) == {"waiting.json", "waiting.svg"}


def test_an_archive_is_compared_with_the_pipeline(capsys: pytest.CaptureFixture[str]) -> None:
    archive.main(["--photos", "10", "--workers", "1", "--rounds", "1", "--json"])
    figures = last_line(capsys)
    assert set(figures) == {"photos_per_s", "pipeline_photos_per_s", "ratio"}
    assert all(figure > 0 for figure in figures.values())


def test_every_job_that_is_put_is_done_once() -> None:
    nginx_command()
    with bot(services=2, service_ms=1.0, in_flight=4, queue=sqlite()) as started:
        for _ in range(30):
            started.put()
        started.drain()
        assert len(started.done) == 30
        assert all(job.put_at <= job.claimed_at <= job.acked_at for job in started.done)


def test_the_webcam_page_is_measured_in_both_modes(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        webcam.main(["--seconds", "2", "--json"])
    except SystemExit as reason:
        pytest.skip(str(reason))
    figures = last_line(capsys)
    assert set(figures) == {"device_fps", "server_fps", "in_flight_max"}
    assert figures["device_fps"] > 0
    assert figures["server_fps"] > 0
    assert figures["in_flight_max"] == 1
