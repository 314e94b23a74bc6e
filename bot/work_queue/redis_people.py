"""People in a Redis or Valkey server: who is banned, and how they are forgotten."""

from __future__ import annotations

import math

from bot.work_queue.people import read_jobs
from bot.work_queue.protocol import Ban, TurnedAway
from bot.work_queue.server import QueueServer
from utils.jobs import Job


class RedisPeople:
    """See `People`. What is deleted leaves the server's own file within an hour."""

    def __init__(self, server: QueueServer) -> None:
        self._run = server.script("spending", "queue", "people")

    def ban(self, user_id: int, until: float) -> list[Job]:
        """Take no more jobs of somebody, and cancel those that wait: these come back."""
        ends = "+inf" if math.isinf(until) else until
        return _jobs(self._run("ban", user_id, ends))

    def unban(self, user_id: int) -> bool:
        """Whether there was a ban to lift."""
        return self._run("unban", user_id) is not None

    def bans(self) -> list[Ban]:
        """Those in force, the first to end first."""
        found = self._run("bans")
        pairs = zip(found[::2], found[1::2], strict=True)
        bans = [Ban(int(user_id), float(until)) for user_id, until in pairs]
        return sorted(bans, key=lambda ban: (ban.until, ban.user_id))

    def turn_away(self, user_id: int, *, telling: bool) -> TurnedAway | None:
        """Whether somebody is banned, and where you are `telling`, whether that is news."""
        answer = self._run("turn_away", user_id, int(telling))
        return TurnedAway(tell=answer == 2) if answer else None

    def forget(self, user_id: int, *, counters: bool) -> list[Job]:
        """Remove everything about somebody, a ban excepted; the jobs that were alive come back."""
        return _jobs(self._run("forget", user_id, int(counters)))

    def busiest(self, n: int) -> list[tuple[int, float]]:
        """The `n` people who have spent most of their photos a minute, each with the share."""
        found = self._run("busiest", n)
        pairs = zip(found[::2], found[1::2], strict=True)
        return [(int(who), min(1.0, float(left_s) / 60.0)) for who, left_s in pairs]


def _jobs(rows: list[list[bytes | None]]) -> list[Job]:
    return read_jobs(
        [
            (body, None if status is None else int(status))
            for body, status in rows
            if body is not None
        ]
    )
