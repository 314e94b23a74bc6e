"""People in SQLite: who is banned, what they have spent, and how they are forgotten."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable

from bot.work_queue.database import Database
from bot.work_queue.protocol import Ban, Full, Limits, TurnedAway
from bot.work_queue.spending import TELL_EVERY_S, buckets
from utils.errors import BadRequest
from utils.jobs import Job

# ruff: noqa: S608 - the pieces of SQL put together here are all written in this file
_SPEND = "INSERT OR REPLACE INTO spent VALUES (?, ?, ?)"


class SqlitePeople:
    """See `People`."""

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.time) -> None:
        self._database, self._clock = database, clock

    def ban(self, user_id: int, until: float) -> list[Job]:
        """Take no more jobs of somebody, and cancel those that wait: these come back."""
        now = self._clock()
        with self._database.transaction() as db:
            db.execute(
                "INSERT OR REPLACE INTO bans (user_id, until) VALUES (?, ?)", (user_id, until)
            )
            cancelled = _jobs_of(db, user_id, "state = 'waiting'")
            _drop(db, user_id, "state = 'waiting'", now)
        return cancelled

    def unban(self, user_id: int) -> bool:
        """Whether there was a ban to lift."""
        with self._database.transaction() as db:
            lifted = db.execute(
                "DELETE FROM bans WHERE user_id = ? RETURNING until", (user_id,)
            ).fetchone()
        return lifted is not None and lifted[0] > self._clock()

    def bans(self) -> list[Ban]:
        """Those in force, the first to end first."""
        with self._database.reading() as db:
            rows = db.execute(
                "SELECT user_id, until FROM bans WHERE until > ? ORDER BY until, user_id",
                (self._clock(),),
            ).fetchall()
        return [Ban(user_id, until) for user_id, until in rows]

    def turn_away(self, user_id: int, *, telling: bool) -> TurnedAway | None:
        """Whether somebody is banned, and where you are `telling`, whether that is news."""
        with self._database.reading() as db:
            row = db.execute(
                "SELECT told FROM bans WHERE user_id = ? AND until > ?", (user_id, self._clock())
            ).fetchone()
        if row is None:
            return None
        if not telling or row[0]:
            return TurnedAway(tell=False)
        with self._database.transaction() as db:
            changed = db.execute(
                "UPDATE bans SET told = 1 WHERE user_id = ? AND NOT told", (user_id,)
            )
            return TurnedAway(tell=changed.rowcount == 1)

    def forget(self, user_id: int, *, counters: bool) -> list[Job]:
        """Remove everything about somebody, a ban excepted; the jobs that were alive come back."""
        with self._database.transaction() as db:
            alive = _jobs_of(db, user_id, "state != 'dead'")
            _drop(db, user_id, "1", self._clock())
            db.execute("DELETE FROM turns WHERE chat_id = ?", (user_id,))
            if counters:
                db.execute("DELETE FROM spent WHERE who = ?", (user_id,))
        # What was deleted is in the log until it is emptied.
        self._database.checkpoint()
        return alive

    def busiest(self, n: int) -> list[tuple[int, float]]:
        """The `n` people who have spent most of their photos a minute, each with the share."""
        now = self._clock()
        with self._database.reading() as db:
            rows = db.execute(
                "SELECT who, until FROM spent WHERE what = 'rate_user' AND until > ?"
                " ORDER BY until DESC, who LIMIT ?",
                (now, n),
            ).fetchall()
        return [(who, min(1.0, (until - now) / 60.0)) for who, until in rows]


def refusal(
    db: sqlite3.Connection, job: Job, limits: Limits, *, n_bytes: int, now: float
) -> Full | None:
    """Why a new job is not taken; None: it is, and what it spends is noted."""
    if db.execute(
        "SELECT 1 FROM bans WHERE user_id = ? AND until > ?", (job.user_id, now)
    ).fetchone():
        return Full(0.0, "banned", tell=False)
    full = _no_room(db, job, limits) or _spend(db, job, limits, n_bytes=n_bytes, now=now)
    if full is None:
        return None
    key = ("told", job.chat_id)
    tell = not now < (_until(db, *key) or 0.0) <= now + TELL_EVERY_S
    if tell:
        db.execute(_SPEND, (*key, now + TELL_EVERY_S))
    return Full(full.retry_in_s, full.reason, tell)


def _no_room(db: sqlite3.Connection, job: Job, limits: Limits) -> Full | None:
    total, of_user, of_chat = db.execute(
        "SELECT COUNT(*), COALESCE(SUM(user_id = ?), 0),"
        " COALESCE(SUM(chat_id = ? AND state = 'waiting'), 0) FROM jobs WHERE state != 'dead'",
        (job.user_id, job.chat_id),
    ).fetchone()
    if total >= limits.total:
        return Full.behind(total)
    if of_user >= limits.per_user:
        return Full.behind(total, "queue_user")
    return Full.behind(total, "queue_chat") if of_chat >= limits.per_chat else None


def _spend(
    db: sqlite3.Connection, job: Job, limits: Limits, *, n_bytes: int, now: float
) -> Full | None:
    spent = []
    for bucket in buckets(job, n_bytes, limits):
        filled = bucket.filled(_until(db, bucket.what, bucket.who), now)
        if wait_s := bucket.wait_s(filled, now):
            return Full(wait_s, bucket.what)
        spent.append((bucket.what, bucket.who, filled))
    db.executemany(_SPEND, spent)
    tidy(db, now)
    return None


def tidy(db: sqlite3.Connection, now: float) -> None:
    """Forget buckets that are empty again, and bans that have ended."""
    db.execute("DELETE FROM spent WHERE until <= ?", (now,))
    db.execute("DELETE FROM bans WHERE until <= ?", (now,))


def _until(db: sqlite3.Connection, what: str, who: int) -> float | None:
    row = db.execute("SELECT until FROM spent WHERE what = ? AND who = ?", (what, who)).fetchone()
    return None if row is None else float(row[0])


def _jobs_of(db: sqlite3.Connection, user_id: int, condition: str) -> list[Job]:
    rows = db.execute(
        f"SELECT body, status_message_id FROM jobs WHERE user_id = ? AND {condition} ORDER BY seq",
        (user_id,),
    ).fetchall()
    return read_jobs(rows)


def read_jobs(rows: list[tuple[bytes, int | None]]) -> list[Job]:
    """Bodies and status messages as jobs; what another version wrote is left out."""
    jobs = []
    for body, status_message_id in rows:
        try:
            jobs.append(Job.decode(body).with_(status_message_id=status_message_id))
        except BadRequest:
            continue
    return jobs


def _drop(db: sqlite3.Connection, user_id: int, condition: str, now: float) -> None:
    db.execute(
        f"INSERT OR REPLACE INTO finished SELECT id, ? FROM jobs WHERE user_id = ? AND {condition}",
        (now, user_id),
    )
    db.execute(f"DELETE FROM jobs WHERE user_id = ? AND {condition}", (user_id,))
