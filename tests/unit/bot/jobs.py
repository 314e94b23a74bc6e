"""Jobs and clocks for tests."""

from __future__ import annotations

from typing import Any

from utils.jobs import Job

NOON = 1_800_000_000.0


class Clock:
    """A clock that only moves when told."""

    def __init__(self, now: float = NOON) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def pass_s(self, seconds: float) -> None:
        self.now += seconds


def a_job(update_id: int = 1, **changes: Any) -> Job:
    """A job that is claimable at once."""
    values: dict[str, Any] = {
        "update_id": update_id,
        "index": 0,
        "user_id": 7,
        "chat_id": 7,
        "reply_to": 5,
        "kind": "file_id",
        "source": "AgACAgQ",
        "enqueued_at": NOON,
        "status_message_id": 900 + update_id,
    }
    return Job(**(values | changes))
