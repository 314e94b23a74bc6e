"""The work queue in one SQLite file: the embedded default, for a single bot process."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Sequence

from bot.work_queue import people
from bot.work_queue.database import Database
from bot.work_queue.protocol import (
    Accepted,
    Claim,
    DeadLetter,
    Depth,
    Duplicate,
    Full,
    Limits,
)
from utils.errors import BadRequest
from utils.jobs import Job

# ruff: noqa: S608 - the pieces of SQL put together here are all written in this file
_HELD = "id = ? AND state = 'leased' AND lease = ?"

# Every chat's oldest job before any chat's second; then the chat served longest ago.
_IN_TURN = """
    SELECT id, ROW_NUMBER() OVER (ORDER BY rank, COALESCE(turn, 0), seq) - 1 AS place FROM (
        SELECT id, seq, chat_id, ROW_NUMBER() OVER (PARTITION BY chat_id ORDER BY seq) AS rank
        FROM jobs WHERE state = 'waiting' AND {condition}
    ) LEFT JOIN turns USING (chat_id)
"""
# What is due later than anybody asks for, or comes from the future, was written before the clock
# was put back: it has waited long enough.
_READY = """
    (due_at <= :now OR due_at > :latest)
    AND (status_message_id IS NOT NULL OR enqueued_at <= :unnoted_before OR enqueued_at > :latest)
"""
_LONGEST_PAUSE_S = 120.0
_POSITION = f"SELECT place FROM ({_IN_TURN.format(condition='1')}) WHERE id = ?"


class SqliteQueue:
    """See `JobQueue`. Durable as the database's `synchronous` is."""

    def __init__(
        self, database: Database, limits: Limits, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._database, self._limits, self._clock = database, limits, clock

    def put(self, job: Job, *, n_bytes: int = 0) -> Accepted | Duplicate | Full:
        """Take a job in; once this returns `Accepted`, a kill -9 does not lose it."""
        now = self._clock()
        with self._database.transaction() as db:
            if db.execute(
                "SELECT 1 FROM jobs WHERE id = ?1 UNION ALL SELECT 1 FROM finished WHERE id = ?1",
                (job.id,),
            ).fetchone():
                return Duplicate()
            full = people.refusal(db, job, self._limits, n_bytes=n_bytes, now=now)
            if full is not None:
                return full
            db.execute(
                "INSERT INTO jobs (id, chat_id, user_id, body, enqueued_at, status_message_id,"
                " due_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    job.id,
                    job.chat_id,
                    job.user_id,
                    job.encode(),
                    job.enqueued_at,
                    job.status_message_id,
                    now,
                ),
            )
            return Accepted(db.execute(_POSITION, (job.id,)).fetchone()[0])

    def claim(self, n: int, worker: str, lease_s: float) -> list[Claim]:
        """At most `n` jobs that are due, turn by turn over the chats, leased to `worker`."""
        now = self._clock()
        times = {
            "now": now,
            "latest": now + _LONGEST_PAUSE_S,
            "unnoted_before": now - self._limits.status_wait_s,
        }
        # An idle bot asks four times a second: looking costs nothing, a transaction does.
        with self._database.reading() as db:
            if not db.execute(
                f"SELECT EXISTS (SELECT 1 FROM jobs WHERE (state = 'waiting' AND {_READY})"
                " OR (state = 'leased' AND lease_until <= :now))",
                times,
            ).fetchone()[0]:
                return []
        with self._database.transaction() as db:
            self._end_leases(db, "lease_until <= :now", now, lost=1)
            query = f"{_IN_TURN.format(condition=_READY)} ORDER BY place LIMIT :n"
            ids = [row[0] for row in db.execute(query, times | {"n": n})]
            return [
                claim
                for job_id in ids
                if (claim := self._lease(db, job_id, worker, now + lease_s)) is not None
            ]

    def _lease(
        self, db: sqlite3.Connection, job_id: str, worker: str, until: float
    ) -> Claim | None:
        body, lease, status_message_id, failures, lost_leases, sentence = db.execute(
            "UPDATE jobs SET state = 'leased', worker = ?, lease = lease + 1, lease_until = ?"
            " WHERE id = ? RETURNING body, lease, status_message_id, failures, lost_leases,"
            " sentence",
            (worker, until, job_id),
        ).fetchone()
        try:
            job = Job.decode(body).with_(status_message_id=status_message_id, attempt=lease)
        except BadRequest:
            # Written by another version; there is nobody left to tell.
            self._finish(db, job_id)
            return None
        db.execute(
            "INSERT OR REPLACE INTO turns SELECT ?, COALESCE(MAX(turn), 0) + 1 FROM turns",
            (job.chat_id,),
        )
        doom = self._limits.doom(
            age_s=self._clock() - job.enqueued_at, failures=failures, lost_leases=lost_leases
        )
        return Claim(job=job, lease=lease, attempt=lease, doom=doom, sentence=sentence)

    def heartbeat(self, claims: Sequence[Claim], lease_s: float) -> list[Claim]:
        """Lengthen these leases; the claims that were lost meanwhile come back."""
        now = self._clock()
        with self._database.transaction() as db:
            return [
                claim
                for claim in claims
                if not db.execute(
                    f"UPDATE jobs SET lease_until = ? WHERE {_HELD} AND lease_until > ?",
                    (now + lease_s, claim.job.id, claim.lease, now),
                ).rowcount
            ]

    def ack(self, claim: Claim) -> bool:
        """The job is done: forget all of it but its id."""
        with self._database.transaction() as db:
            held = db.execute(
                f"SELECT 1 FROM jobs WHERE {_HELD}", (claim.job.id, claim.lease)
            ).fetchone()
            if held:
                self._finish(db, claim.job.id)
            return held is not None

    def nack(self, claim: Claim, *, due_at: float, reason: str, counts: bool) -> bool:
        """Give the job back until `due_at`; `counts` says whether it is to blame itself."""
        return self._change(
            claim,
            "state = 'waiting', worker = NULL, lease_until = NULL, due_at = ?, reason = ?,"
            " failures = failures + ?",
            (due_at, reason, int(counts)),
        )

    def settle(self, claim: Claim, sentence: str) -> bool:
        """Keep the job's final sentence; later claims carry it."""
        return self._change(claim, "sentence = ?", (sentence,))

    def renew(self, claim: Claim, job: Job) -> bool:
        """Put the job as it is now in the place of the claimed one, without a status message."""
        return self._change(
            claim,
            "body = ?, chat_id = ?, status_message_id = NULL",
            (job.encode(), job.chat_id),
        )

    def bury(self, claim: Claim, reason: str) -> bool:
        """Make the job a dead letter."""
        return self._change(
            claim,
            "state = 'dead', worker = NULL, lease_until = NULL, reason = ?, died_at = ?",
            (reason, self._clock()),
        )

    def _change(self, claim: Claim, assignments: str, values: tuple[object, ...]) -> bool:
        with self._database.transaction() as db:
            changed = db.execute(
                f"UPDATE jobs SET {assignments} WHERE {_HELD}",
                (*values, claim.job.id, claim.lease),
            )
            return changed.rowcount == 1

    def note_status(self, job_id: str, message_id: int) -> int | None:
        """Record the job's status message and return the one that counts: the first recorded."""
        with self._database.transaction() as db:
            row = db.execute(
                "UPDATE jobs SET status_message_id = COALESCE(status_message_id, ?)"
                " WHERE id = ? AND state != 'dead' RETURNING status_message_id",
                (message_id, job_id),
            ).fetchone()
        return None if row is None else int(row[0])

    def cancel(self, job_id: str) -> bool:
        """Drop a waiting job; one in flight is not stopped."""
        with self._database.transaction() as db:
            waits = db.execute(
                "SELECT 1 FROM jobs WHERE id = ? AND state = 'waiting'", (job_id,)
            ).fetchone()
            if waits:
                self._finish(db, job_id)
            return waits is not None

    def position(self, job_id: str) -> int | None:
        """How many jobs will be claimed before this waiting one; None where it does not wait."""
        with self._database.reading() as db:
            row = db.execute(_POSITION, (job_id,)).fetchone()
        return None if row is None else int(row[0])

    def dead(self) -> list[DeadLetter]:
        """The dead letters, oldest first."""
        with self._database.reading() as db:
            rows = db.execute(
                "SELECT body, reason, died_at FROM jobs WHERE state = 'dead' ORDER BY died_at, seq"
            ).fetchall()
        return [DeadLetter(Job.decode(body), reason, died_at) for body, reason, died_at in rows]

    def depth(self) -> Depth:
        """How full the queue is."""
        with self._database.reading() as db:
            counts = dict(db.execute("SELECT state, COUNT(*) FROM jobs GROUP BY state").fetchall())
        return Depth(counts.get("waiting", 0), counts.get("leased", 0), counts.get("dead", 0))

    def oldest(self) -> float | None:
        """When the oldest job that waits or is in flight was enqueued; None where there is none."""
        with self._database.reading() as db:
            row = db.execute("SELECT MIN(enqueued_at) FROM jobs WHERE state != 'dead'").fetchone()
        return None if row[0] is None else float(row[0])

    def release(self) -> int:
        """End every lease without blame; only for a sole owner that has just started."""
        with self._database.transaction() as db:
            return self._end_leases(db, "1", self._clock(), lost=0)

    def tidy(self) -> None:
        """Forget what has outlived its time, on the disk too. For idle moments and the stop."""
        now = self._clock()
        with self._database.transaction() as db:
            died_before = now - self._limits.dead_ttl_s
            dead = db.execute(
                "SELECT id FROM jobs WHERE state = 'dead' AND died_at <= ?", (died_before,)
            ).fetchall()
            for (job_id,) in dead:
                self._finish(db, job_id)
            db.execute("DELETE FROM finished WHERE at <= ?", (now - self._limits.remember_s,))
            db.execute(
                "DELETE FROM turns WHERE chat_id NOT IN"
                " (SELECT chat_id FROM jobs WHERE state != 'dead')"
            )
            people.tidy(db, now)
        self._database.checkpoint()

    def _finish(self, db: sqlite3.Connection, job_id: str) -> None:
        db.execute("DELETE FROM jobs WHERE id = ?", (job_id,))
        db.execute("INSERT OR REPLACE INTO finished VALUES (?, ?)", (job_id, self._clock()))

    @staticmethod
    def _end_leases(db: sqlite3.Connection, condition: str, now: float, *, lost: int) -> int:
        return db.execute(
            "UPDATE jobs SET state = 'waiting', worker = NULL, lease_until = NULL, due_at = :now,"
            f" lost_leases = lost_leases + :lost WHERE state = 'leased' AND {condition}",
            {"now": now, "lost": lost},
        ).rowcount
