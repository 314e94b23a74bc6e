from __future__ import annotations

import asyncio
import threading

from bot import request_ids
from tests.unit.bot.jobs import a_job


def test_inside_its_block_a_job_is_the_one_at_hand() -> None:
    assert request_ids.current() == "-"
    with request_ids.of(a_job(update_id=3)):
        assert request_ids.current() == "3-0"
        with request_ids.of(a_job(update_id=4)):
            assert request_ids.current() == "4-0"
        assert request_ids.current() == "3-0"
    assert request_ids.current() == "-"


def test_threads_and_tasks_do_not_mix_their_jobs_up() -> None:
    seen: list[str] = []

    async def about(update_id: int, others: asyncio.Barrier) -> str:
        with request_ids.of(a_job(update_id=update_id)):
            await others.wait()
            return await asyncio.to_thread(request_ids.current)

    async def both() -> list[str]:
        others = asyncio.Barrier(2)
        return await asyncio.gather(about(1, others), about(2, others))

    assert asyncio.run(both()) == ["1-0", "2-0"]
    with request_ids.of(a_job(update_id=5)):
        elsewhere = threading.Thread(target=lambda: seen.append(request_ids.current()))
        elsewhere.start()
        elsewhere.join()
    assert seen == ["-"]
