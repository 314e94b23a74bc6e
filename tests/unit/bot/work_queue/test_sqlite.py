"""What only this implementation does; all else is in the conformance suite."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from bot.work_queue import Depth, Limits
from bot.work_queue.database import Database
from bot.work_queue.sqlite import SqliteQueue
from tests.unit.bot.jobs import NOON, Clock, a_job


def test_a_row_of_another_version_is_dropped_and_the_next_job_goes_on(tmp_path: Path) -> None:
    with closing(Database(tmp_path / "queue.db", synchronous="normal")) as database:
        queue = SqliteQueue(database, Limits(), clock=Clock(NOON + 5))
        queue.put(a_job(1))
        queue.put(a_job(2))
        with database.transaction() as db:
            db.execute("""UPDATE jobs SET body = '{"kind": "hologram"}' WHERE id = '1-0'""")
        assert [claim.job.id for claim in queue.claim(2, "w", 60.0)] == ["2-0"]
        assert queue.depth() == Depth(waiting=0, in_flight=1, dead=0)


@pytest.mark.parametrize("back_s", [150.0, 3600.0])
def test_a_clock_that_was_put_back_holds_up_no_job(tmp_path: Path, back_s: float) -> None:
    with closing(Database(tmp_path / "queue.db", synchronous="normal")) as database:
        clock = Clock()
        queue = SqliteQueue(database, Limits(), clock=clock)
        queue.put(a_job(1))
        (claim,) = queue.claim(1, "w", 60.0)
        queue.nack(claim, due_at=clock.now + 5, reason="busy", counts=False)
        queue.put(a_job(2, status_message_id=None))
        assert queue.claim(2, "w", 60.0) == []
        clock.pass_s(-back_s)
        assert [claim.job.id for claim in queue.claim(2, "w", 60.0)] == ["1-0", "2-0"]
