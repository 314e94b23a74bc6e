"""The work queue in a Redis or Valkey server, which several bot processes may share."""

from __future__ import annotations

from collections.abc import Sequence

from bot.work_queue.protocol import (
    Accepted,
    Claim,
    DeadLetter,
    Depth,
    Duplicate,
    Full,
    Limits,
    Reason,
)
from bot.work_queue.server import QueueServer
from bot.work_queue.spending import buckets
from utils.errors import BadRequest
from utils.jobs import Job

# How long the server's file may hold what was deleted from the queue.
_REWRITE_EVERY_S = 3600.0


class RedisQueue:
    """See `JobQueue`. Durable as the server's append-only file is.

    Leases end by the server's clock. Moments that the bots name are told to it as distances from
    their own clock's now, so that clocks which disagree do no harm.
    """

    def __init__(self, server: QueueServer, limits: Limits) -> None:
        self._server, self._limits = server, limits
        self._run = server.script("spending", "queue")

    def put(self, job: Job, *, n_bytes: int = 0) -> Accepted | Duplicate | Full:
        """Take a job in; once this returns `Accepted`, a kill -9 does not lose it."""
        limits = self._limits
        announced_by = job.enqueued_at + limits.status_wait_s
        spent = [
            part
            for bucket in buckets(job, n_bytes, limits)
            for part in (bucket.what, bucket.who, bucket.cost_s, bucket.period_s)
        ]
        outcome, *numbers = self._run(
            "put",
            job.id,
            job.chat_id,
            job.user_id,
            job.encode(),
            "" if job.status_message_id is None else job.status_message_id,
            announced_by - self._server.clock(),
            limits.total,
            limits.per_user,
            limits.per_chat,
            *spent,
        )
        if outcome == b"duplicate":
            return Duplicate()
        return Accepted(*numbers) if outcome == b"accepted" else _full(outcome.decode(), *numbers)

    def claim(self, n: int, worker: str, lease_s: float) -> list[Claim]:
        """At most `n` jobs that are due, turn by turn over the chats, leased to `worker`."""
        leased = self._run("claim", n, worker, lease_s)
        return [claim for row in leased if (claim := self._claim(*row)) is not None]

    def _claim(
        self,
        job_id: bytes,
        lease: int,
        body: bytes,
        status: bytes | None,
        *rest: bytes | None,
    ) -> Claim | None:
        failures, lost, sentence = rest
        try:
            job = Job.decode(body)
        except BadRequest:
            # Written by another version; there is nobody left to tell.
            self._run("ack", job_id, lease)
            return None
        job = job.with_(status_message_id=None if status is None else int(status), attempt=lease)
        doom = self._limits.doom(
            age_s=self._server.clock() - job.enqueued_at,
            failures=int(failures or 0),
            lost_leases=int(lost or 0),
        )
        told = None if sentence is None else sentence.decode()
        return Claim(job=job, lease=lease, attempt=lease, doom=doom, sentence=told)

    def heartbeat(self, claims: Sequence[Claim], lease_s: float) -> list[Claim]:
        """Lengthen these leases; the claims that were lost meanwhile come back."""
        named = [part for claim in claims for part in (claim.job.id, claim.lease)]
        return [claims[place] for place in self._run("heartbeat", lease_s, *named)]

    def ack(self, claim: Claim) -> bool:
        """The job is done: forget all of it but its id."""
        return self._end("ack", claim)

    def nack(self, claim: Claim, *, due_at: float, reason: str, counts: bool) -> bool:
        """Give the job back until `due_at`; `counts` says whether it is to blame itself."""
        return self._end("nack", claim, due_at - self._server.clock(), reason, int(counts))

    def settle(self, claim: Claim, sentence: str) -> bool:
        """Keep the job's final sentence; later claims carry it."""
        return self._end("settle", claim, sentence)

    def renew(self, claim: Claim, job: Job) -> bool:
        """Put the job as it is now in the place of the claimed one, without a status message."""
        return self._end("renew", claim, job.chat_id, job.encode())

    def bury(self, claim: Claim, reason: str) -> bool:
        """Make the job a dead letter."""
        return self._end("bury", claim, reason)

    def _end(self, command: str, claim: Claim, *arguments: str | bytes | float) -> bool:
        return self._run(command, claim.job.id, claim.lease, *arguments) is not None

    def note_status(self, job_id: str, message_id: int) -> int | None:
        """Record the job's status message and return the one that counts: the first recorded."""
        first = self._run("note_status", job_id, message_id)
        return None if first is None else int(first)

    def cancel(self, job_id: str) -> bool:
        """Drop a waiting job; one in flight is not stopped."""
        return self._run("cancel", job_id) is not None

    def position(self, job_id: str) -> int | None:
        """How many jobs will be claimed before this waiting one; None where it does not wait."""
        place = self._run("position", job_id)
        return None if place is None else int(place)

    def dead(self) -> list[DeadLetter]:
        """The dead letters, oldest first."""
        return [
            DeadLetter(Job.decode(body), reason.decode(), float(died_at))
            for died_at, body, reason in self._run("dead")
        ]

    def depth(self) -> Depth:
        """How full the queue is."""
        return Depth(*self._run("depth"))

    def oldest(self) -> float | None:
        """When the oldest job that waits or is in flight was enqueued; None where there is none."""
        body = self._run("oldest")
        return None if body is None else Job.decode(body).enqueued_at

    def release(self) -> int:
        """End every lease without blame; only for a sole owner that has just started."""
        return int(self._run("release"))

    def tidy(self) -> None:
        """Forget what has outlived its time; within an hour of it in the server's file too."""
        limits = self._limits
        if self._run("tidy", limits.dead_ttl_s, limits.remember_s, _REWRITE_EVERY_S):
            self._server.rewrite()


def _full(reason: Reason, alive: int, wait_s: bytes, tell: int) -> Full:
    if reason.startswith("queue_"):
        return Full.behind(alive, reason, tell=tell == 1)
    return Full(float(wait_s), reason, tell == 1)
