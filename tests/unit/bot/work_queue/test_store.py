from __future__ import annotations

from pathlib import Path

import pytest

from bot.work_queue import Full, QueueBroken, open_store
from bot.work_queue.store import SecondStart, sqlite_path
from tests.unit.bot.jobs import a_job
from utils.errors import SettingsError
from utils.settings import ROOT, Settings


def settings(folder: Path, **changes: str) -> Settings:
    environ = {"SEMBLANCE_QUEUE": f"sqlite:///{folder}/q/queue.db"} | changes
    return Settings.load(environ, dotenv=None)


def test_three_slashes_are_relative_to_the_project_and_four_absolute() -> None:
    assert sqlite_path("sqlite:///var/queue.db") == (ROOT / "var" / "queue.db", "full")
    assert sqlite_path("sqlite:////data/queue.db") == (Path("/data/queue.db"), "full")


def test_synchronous_is_the_one_option() -> None:
    assert sqlite_path("sqlite:///q.db?synchronous=NORMAL")[1] == "normal"
    for wrong in ("?synchronous=off", "?synchronous", "?sync=normal"):
        with pytest.raises(SettingsError, match="only one option"):
            sqlite_path(f"sqlite:///q.db{wrong}")


def test_other_queues_are_not_supported_yet() -> None:
    with pytest.raises(SettingsError, match="Redis"):
        sqlite_path("redis://127.0.0.1/0")


def test_a_second_start_on_the_same_file_is_refused_until_the_first_has_ended(
    tmp_path: Path,
) -> None:
    first = open_store(settings(tmp_path))
    with pytest.raises(SecondStart, match="Another Semblance bot"):
        open_store(settings(tmp_path))
    first.close()
    open_store(settings(tmp_path)).close()


def test_a_file_that_cannot_be_opened_leaves_no_lock_behind(tmp_path: Path) -> None:
    (tmp_path / "q").mkdir()
    (tmp_path / "q" / "queue.db").write_bytes(b"rubbish" * 99)
    for _ in range(2):
        with pytest.raises(QueueBroken, match="damaged"):
            open_store(settings(tmp_path))


def test_a_folder_that_cannot_be_written_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "q").touch()
    with pytest.raises(QueueBroken, match="cannot be written"):
        open_store(settings(tmp_path))


def test_the_settings_limits_are_the_queues(tmp_path: Path) -> None:
    store = open_store(settings(tmp_path, SEMBLANCE_QUEUE_MAX="1"))
    store.queue.put(a_job(1))
    assert isinstance(store.queue.put(a_job(2, user_id=9)), Full)
    store.close()
