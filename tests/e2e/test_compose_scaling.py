"""Replicas added, killed and removed under load, on a real engine: one round of tests/scaling."""

from __future__ import annotations

import pytest

from tests.compose import NEEDED, has_engine
from tests.scaling.__main__ import run
from utils.settings import ROOT

pytestmark = pytest.mark.skipif(not has_engine(), reason=NEEDED)


def test_no_answer_fails_while_replicas_come_go_and_are_killed() -> None:
    if (ROOT / ".env").exists():
        pytest.skip("this checkout has an .env of its own, which may hold secret and token")
    figures = run(rounds=1, seed=1)
    assert figures["answers"] == {"200": figures["requests"]}
    assert figures["requests"] > 100
    assert figures["jobs"] > 10
    assert (figures["lost"], figures["duplicated"]) == (0, 0)
