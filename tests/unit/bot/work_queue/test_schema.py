from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from bot.work_queue import QueueBroken
from bot.work_queue.schema import MIGRATIONS, migrate

NEXT = (*MIGRATIONS, ("ALTER TABLE inbox ADD COLUMN colour TEXT DEFAULT 'red'",))


@pytest.fixture
def db() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        yield db


def version(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def test_a_new_file_gets_every_migration(db: sqlite3.Connection) -> None:
    migrate(db)
    assert version(db) == len(MIGRATIONS)
    migrate(db)
    tables = {row[0] for row in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    assert {"jobs", "finished", "turns", "inbox"} <= tables


def test_an_older_file_keeps_its_rows(db: sqlite3.Connection) -> None:
    migrate(db)
    db.execute("INSERT INTO inbox VALUES (1, 'x')")
    migrate(db, NEXT)
    assert version(db) == len(NEXT)
    assert db.execute("SELECT * FROM inbox").fetchall() == [(1, "x", "red")]


def test_a_migration_that_fails_changes_nothing(db: sqlite3.Connection) -> None:
    migrate(db)
    broken = (*NEXT, ("CREATE TABLE half (a)", "no such statement"))
    with pytest.raises(sqlite3.OperationalError):
        migrate(db, broken)
    assert version(db) == len(MIGRATIONS)
    assert not db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'half'").fetchall()


def test_a_file_of_a_newer_version_is_left_alone(db: sqlite3.Connection) -> None:
    migrate(db, NEXT)
    with pytest.raises(QueueBroken, match="newer version"):
        migrate(db)
