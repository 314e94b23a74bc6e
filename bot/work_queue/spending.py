"""What one photo spends from the limits on people and chats, and when it has come back.

Each limit is a bucket that leaks: `limit` units fit in, and in `period_s` all of them run out. A
bucket is one number, the moment at which it will be empty; before that it is not kept. (ATM Forum,
Traffic Management 4.0, calls this the generic cell rate algorithm.)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bot.work_queue.protocol import Limits, Reason
from utils.jobs import Job

TELL_EVERY_S = 60.0
_MINUTE_S, _HOUR_S = 60.0, 3600.0
# A wait shorter than this is none that anybody would be told of.
_LEAST_WAIT_S = 10.0
# Sums of binary fractions: the last photo of a minute's worth must not fail by a rounding error.
_ROUNDING_S = 1e-3


@dataclass(frozen=True)
class Bucket:
    """What a job puts into one bucket: so much that the bucket is empty `cost_s` later."""

    what: Reason
    who: int
    cost_s: float
    period_s: float

    def filled(self, until: float | None, now: float) -> float:
        """When the bucket is empty with this in it; `until`: without, None where it is not kept."""
        if until is None or not now < until <= now + self.period_s + _ROUNDING_S:
            # Empty, or from a clock that has been set back since: nobody waits for days.
            until = now
        return until + self.cost_s

    def wait_s(self, filled: float, now: float) -> float:
        """How long until the job fits in; 0 where it does."""
        over_s = filled - now - self.period_s
        return max(_LEAST_WAIT_S, over_s) if over_s > _ROUNDING_S else 0.0


def buckets(job: Job, n_bytes: int, limits: Limits) -> Iterator[Bucket]:
    """All that a job counts against."""
    rates: tuple[tuple[Reason, int, int], ...] = (
        ("rate_user", job.user_id, limits.user_rate),
        ("rate_chat", job.chat_id, limits.chat_rate),
        ("rate_system", 0, limits.system_rate),
    )
    for what, who, limit in rates:
        if limit:
            yield Bucket(what, who, _MINUTE_S / limit, _MINUTE_S)
    most = limits.user_bytes_per_hour
    if most and n_bytes:
        yield Bucket("bytes", job.user_id, min(n_bytes, most) / most * _HOUR_S, _HOUR_S)
