"""One SQLite file, opened for durability, shared by threads, with SQLite's errors translated."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

from bot.work_queue.protocol import QueueBroken, QueueUnavailable
from bot.work_queue.schema import migrate

_BUSY_TIMEOUT_S = 5.0
_BROKEN = ("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_FORMAT", "SQLITE_SCHEMA")


class Database:
    """A connection and the lock around it; all reading and writing goes through `transaction`."""

    def __init__(self, path: Path, *, synchronous: str = "full") -> None:
        self.path = path
        self._lock = threading.RLock()
        try:
            _create_private(path)
        except OSError as error:
            raise QueueBroken(
                f"The queue file of SEMBLANCE_QUEUE cannot be created: {error.strerror}."
            ) from None
        with _translated():
            # Autocommit: the transactions here are begun and ended by hand.
            self._db = sqlite3.connect(
                path, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
            )
            try:
                self._db.execute("PRAGMA journal_mode = WAL")
                self._db.execute(f"PRAGMA synchronous = {synchronous}")
                self._db.execute("PRAGMA secure_delete = ON")
                migrate(self._db)
            except BaseException:
                self._db.close()
                raise

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A write transaction: committed at the end, undone where anything was raised.

        Raises `QueueUnavailable` or `QueueBroken` for SQLite's own errors.
        """
        with self._lock, _translated():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                # After some errors (disk full) SQLite has rolled back already.
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The connection for a single SELECT; raises as `transaction` does."""
        with self._lock, _translated():
            yield self._db

    def checkpoint(self) -> None:
        """Move the write-ahead log into the file and empty it: deleted rows leave the disk."""
        with self.reading() as db:
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()

    def close(self) -> None:
        """Empty the log and close; later calls raise `QueueUnavailable`."""
        with self._lock:
            with contextlib.suppress(QueueUnavailable, QueueBroken):
                self.checkpoint()
            self._db.close()


def _create_private(path: Path) -> None:
    """Make the file before SQLite does: 0600 in a 0700 folder; SQLite's -wal gets the same mode."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        name = getattr(error, "sqlite_errorname", None) or type(error).__name__
        if name.startswith(_BROKEN):
            raise QueueBroken(
                "The queue file is damaged: move it away (its jobs are lost) and start again."
            ) from None
        raise QueueUnavailable(f"queue file: {name}") from None
