"""Every hostile picture is answered as it should be, in its time, and costs nobody anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hostile import pictures
from tests.hostile.memory import workers
from tests.hostile.pictures.case import ANSWERED, Case
from tests.service_processes import eventually
from utils.pipeline import Pipeline
from utils.settings import Settings

CASES = list(pictures.cases())
JPEG = {"Content-Type": "image/jpeg"}


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    pipeline = Pipeline.load(Settings.load({}, dotenv=None))
    pipeline.warm_up()
    return pipeline


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.group}: {case.name}")
def test_a_hostile_picture_costs_one_answer(case: Case, pipeline: Pipeline) -> None:
    outcome, reason = pictures.in_the_pipeline(case, pipeline)
    assert outcome.good, (outcome.found, reason, outcome.took_s)
    if case.reason:
        assert reason == case.reason


def test_there_are_many_and_no_two_are_the_same() -> None:
    assert len(CASES) >= 150
    assert len({(case.group, case.name) for case in CASES}) == len(CASES)


def test_a_service_loses_no_worker_to_them_and_little_memory(
    tmp_path: Path, astronaut_jpeg: bytes
) -> None:
    with pictures.served(tmp_path) as service:
        before = workers(service)
        for case in CASES[::3]:
            outcome = pictures.in_a_service(case, service)
            assert outcome.good, (case.name, outcome.found, outcome.took_s)
        good = service.call("POST", "/v1/faces", astronaut_jpeg, **JPEG)
        assert [face["emotion"]["label"] for face in good.json["faces"]] == ["happiness"]
        assert workers(service) == before
        assert "nobody foresaw" not in service.log
        refused = [case for case in CASES[::3] if case.reason]
        assert refused
        for case in refused:
            assert f"reason={case.reason}" in service.log
    peak_mb = pictures.peak_mb()
    assert peak_mb is not None
    # The largest of them is a sound picture of 49 megapixels: in two processes, 13 bytes a pixel.
    assert peak_mb < 1_000


def test_the_log_has_one_line_for_a_refusal_with_its_reason(tmp_path: Path) -> None:
    bomb = next(case for case in CASES if case.reason == "too_many_scans")
    with pictures.served(tmp_path) as service:
        answer = service.call("POST", "/v1/faces", bomb.make(), **JPEG)
        request_id = answer.json["error"]["request_id"]
        assert answer.status == 422

        def lines() -> list[str]:
            return [
                line
                for line in service.log.splitlines()
                if request_id in line and "too_many_scans" in line
            ]

        (line,) = eventually(lines, "the line")
        assert "code=image_broken" in line
    assert ANSWERED not in line
