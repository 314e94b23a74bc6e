"""The tables of the SQLite queue, as migrations: each is applied once, in order, and never edited.

`PRAGMA user_version` is the number of migrations that a file has seen.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from bot.work_queue.protocol import QueueBroken

Migration = tuple[str, ...]

MIGRATIONS: tuple[Migration, ...] = (
    (
        """CREATE TABLE jobs (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            chat_id INTEGER NOT NULL,
            user_id INTEGER NOT NULL,
            body BLOB NOT NULL,
            enqueued_at REAL NOT NULL,
            status_message_id INTEGER,
            state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'leased', 'dead')),
            due_at REAL NOT NULL,
            worker TEXT,
            lease INTEGER NOT NULL DEFAULT 0,
            lease_until REAL,
            failures INTEGER NOT NULL DEFAULT 0,
            lost_leases INTEGER NOT NULL DEFAULT 0,
            sentence TEXT,
            reason TEXT,
            died_at REAL
        )""",
        "CREATE INDEX jobs_by_state ON jobs (state, due_at)",
        "CREATE INDEX jobs_by_user ON jobs (user_id)",
        # Only ids: what was finished, so that an update seen twice makes no second job.
        "CREATE TABLE finished (id TEXT PRIMARY KEY, at REAL NOT NULL) WITHOUT ROWID",
        "CREATE INDEX finished_by_time ON finished (at)",
        # When each chat was last served; the fairness of `claim`.
        "CREATE TABLE turns (chat_id INTEGER PRIMARY KEY, turn INTEGER NOT NULL)",
        "CREATE TABLE inbox (update_id INTEGER PRIMARY KEY, body BLOB NOT NULL)",
    ),
    (
        # When what somebody has spent from a limit will have come back, by the limit's name.
        """CREATE TABLE spent (
            what TEXT NOT NULL, who INTEGER NOT NULL, until REAL NOT NULL, PRIMARY KEY (what, who)
        ) WITHOUT ROWID""",
        "CREATE INDEX spent_by_time ON spent (until)",
        """CREATE TABLE bans (
            user_id INTEGER PRIMARY KEY, until REAL NOT NULL, told INTEGER NOT NULL DEFAULT 0
        )""",
        "CREATE INDEX jobs_by_chat ON jobs (chat_id)",
    ),
)


def migrate(db: sqlite3.Connection, migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """Bring a database to the newest version, all or nothing. Raises `QueueBroken`.

    `db` must be in autocommit mode.
    """
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version > len(migrations):
        raise QueueBroken(
            "The queue file was written by a newer version of Semblance: "
            "update Semblance, or name another file in SEMBLANCE_QUEUE."
        )
    if version == len(migrations):
        return
    db.execute("BEGIN IMMEDIATE")
    try:
        for migration in migrations[version:]:
            for statement in migration:
                db.execute(statement)
        db.execute(f"PRAGMA user_version = {len(migrations)}")
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")
