"""The inbox in SQLite: updates that make no job, until they are answered."""

from __future__ import annotations

import time
from collections.abc import Callable

from bot.work_queue.database import Database


class SqliteInbox:
    """See `Inbox`. Answered updates share the table of finished ids with the jobs."""

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.time) -> None:
        self._database, self._clock = database, clock
        self._ours: set[int] = set()

    def keep(self, update_id: int, body: bytes) -> bool:
        """Store an update; False where it was kept before, answered or not."""
        with self._database.transaction() as db:
            if db.execute("SELECT 1 FROM finished WHERE id = ?", (_name(update_id),)).fetchone():
                return False
            inserted = db.execute("INSERT OR IGNORE INTO inbox VALUES (?, ?)", (update_id, body))
            self._ours.add(update_id)
            return inserted.rowcount == 1

    def knows(self, update_id: int) -> bool:
        """Whether the update was ever kept."""
        with self._database.reading() as db:
            found = db.execute(
                "SELECT EXISTS (SELECT 1 FROM inbox WHERE update_id = ?)"
                " OR EXISTS (SELECT 1 FROM finished WHERE id = ?)",
                (update_id, _name(update_id)),
            ).fetchone()
        return bool(found[0])

    def done(self, update_id: int) -> None:
        """The update is answered: forget all of it but its id."""
        with self._database.transaction() as db:
            db.execute("DELETE FROM inbox WHERE update_id = ?", (update_id,))
            db.execute(
                "INSERT OR REPLACE INTO finished VALUES (?, ?)", (_name(update_id), self._clock())
            )
            self._ours.discard(update_id)

    def waiting(self) -> list[bytes]:
        """The updates not answered yet, in order."""
        with self._database.reading() as db:
            rows = db.execute("SELECT body FROM inbox ORDER BY update_id").fetchall()
        return [row[0] for row in rows]

    def adopt(self) -> list[bytes]:
        """The updates that an earlier process left unanswered, in order; once."""
        with self._database.reading() as db:
            rows = db.execute("SELECT update_id, body FROM inbox ORDER BY update_id").fetchall()
            left = [(update_id, body) for update_id, body in rows if update_id not in self._ours]
            self._ours.update(update_id for update_id, _ in left)
        return [body for _, body in left]


def _name(update_id: int) -> str:
    """A name that no job's id (`<update_id>-<index>`) can have."""
    return f"inbox-{update_id}"
