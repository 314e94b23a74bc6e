from __future__ import annotations

import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bot.work_queue import Limits, QueueBroken, QueueUnavailable
from bot.work_queue.database import Database
from bot.work_queue.sqlite import SqliteQueue
from tests.unit.bot.jobs import NOON, Clock, a_job


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with closing(Database(tmp_path / "private" / "queue.db")) as database:
        yield database


def pragma(database: Database, name: str) -> object:
    with database.reading() as db:
        return db.execute(f"PRAGMA {name}").fetchone()[0]


def test_nobody_else_can_read_the_file_or_its_log(database: Database) -> None:
    SqliteQueue(database, Limits()).put(a_job())
    folder = database.path.parent
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    files = list(folder.iterdir())
    assert len(files) >= 2
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_commits_survive_a_power_loss_unless_told_otherwise(
    database: Database, tmp_path: Path
) -> None:
    full, normal = 2, 1
    assert pragma(database, "journal_mode") == "wal"
    assert pragma(database, "synchronous") == full
    assert pragma(database, "secure_delete") == 1
    with closing(Database(tmp_path / "other.db", synchronous="normal")) as other:
        assert pragma(other, "synchronous") == normal


def test_what_is_deleted_leaves_the_disk_at_the_next_tidy(database: Database) -> None:
    queue = SqliteQueue(database, Limits(), clock=Clock())
    queue.put(a_job(source="a-secret-file-id", enqueued_at=NOON))
    assert traces(database.path.parent, b"a-secret-file-id")
    (claim,) = queue.claim(1, "w", 60.0)
    queue.ack(claim)
    queue.tidy()
    assert not traces(database.path.parent, b"a-secret-file-id")


def traces(folder: Path, needle: bytes) -> bool:
    return any(needle in file.read_bytes() for file in folder.iterdir())


def test_what_raises_inside_a_transaction_is_undone(database: Database) -> None:
    def failing() -> None:
        with database.transaction() as db:
            db.execute("INSERT INTO inbox VALUES (1, 'x')")
            raise KeyError("ours")

    with pytest.raises(KeyError):
        failing()
    with database.reading() as db:
        assert db.execute("SELECT COUNT(*) FROM inbox").fetchone()[0] == 0


def test_a_full_disk_is_a_passing_trouble(database: Database) -> None:
    queue = SqliteQueue(database, Limits())
    queue.put(a_job(1))
    with database.reading() as db:
        pages = db.execute("PRAGMA page_count").fetchone()[0]
        db.execute(f"PRAGMA max_page_count = {pages}")
    options = {"x": "y" * 100_000}
    with pytest.raises(QueueUnavailable, match="SQLITE_FULL"):
        queue.put(a_job(2, options=options))
    with database.reading() as db:
        db.execute("PRAGMA max_page_count = 1000000")
    queue.put(a_job(2, options=options))
    assert queue.position("2-0") is not None


def test_a_file_locked_by_another_process_is_a_passing_trouble(database: Database) -> None:
    with database.reading() as db:
        db.execute("PRAGMA busy_timeout = 0")
    with closing(sqlite3.connect(database.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(QueueUnavailable, match="SQLITE_BUSY"):
            SqliteQueue(database, Limits()).put(a_job())


@pytest.mark.parametrize("content", [b"not a database at all" * 99, b"SQLite format 3\0" * 99])
def test_a_damaged_file_is_told_in_words(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "queue.db").write_bytes(content)
    with pytest.raises(QueueBroken, match="damaged"):
        Database(tmp_path / "queue.db")


def test_a_place_that_cannot_hold_a_file_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(QueueBroken, match="cannot be created"):
        Database(tmp_path / "file" / "queue.db")


def test_a_closed_database_is_unavailable(tmp_path: Path) -> None:
    database = Database(tmp_path / "queue.db")
    database.close()
    database.close()
    with pytest.raises(QueueUnavailable):
        SqliteQueue(database, Limits()).put(a_job())
