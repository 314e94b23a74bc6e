from __future__ import annotations

import json

import pytest

import benchmarks.queue
from benchmarks.queue import main
from tests.redis import needs_redis

ENGINES = {"sqlite", "sqlite_normal", "redis"}


def figures(capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, float] | None]:
    main(["--jobs", "25", "--wave", "10", "--json"])
    told: dict[str, dict[str, float] | None] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return told


@needs_redis
def test_the_last_line_is_one_object_with_every_engine(capsys: pytest.CaptureFixture[str]) -> None:
    told = figures(capsys)
    assert set(told) == ENGINES
    for values in told.values():
        assert values is not None
        assert set(values) == {"put_per_s", "claim_ack_per_s", "put_claim_ack_per_s"}
        assert all(value > 0 for value in values.values())


def test_a_missing_server_is_null_and_says_what_to_install(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(benchmarks.queue, "is_installed", lambda: False)
    main(["--jobs", "10", "--wave", "5", "--json"])
    out = capsys.readouterr().out.splitlines()
    assert json.loads(out[-1])["redis"] is None
    assert any("apt-get install redis-server" in line for line in out)
