from __future__ import annotations

import zlib
from contextlib import closing
from pathlib import Path

import pytest

from bot.work_queue import Accepted, Full, QueueBroken, QueueUnavailable, open_store
from bot.work_queue.store import SecondStart, sqlite_path
from tests.redis import needs_redis, shared_server
from tests.unit.bot.jobs import a_job
from utils.errors import SettingsError
from utils.settings import ROOT, Settings


def settings(folder: Path, **changes: str) -> Settings:
    environ = {"SEMBLANCE_QUEUE": f"sqlite:///{folder}/q/queue.db"} | changes
    return Settings.load(environ, dotenv=None)


def redis_of(folder: Path) -> dict[str, str]:
    """A database for this test alone: the bot's id keeps queues apart."""
    bot_id = zlib.crc32(str(folder).encode())
    return {"SEMBLANCE_QUEUE": shared_server().url, "TELEGRAM_TOKEN": f"{bot_id}:{'x' * 35}"}


def test_three_slashes_are_relative_to_the_project_and_four_absolute() -> None:
    assert sqlite_path("sqlite:///var/queue.db") == (ROOT / "var" / "queue.db", "full")
    assert sqlite_path("sqlite:////data/queue.db") == (Path("/data/queue.db"), "full")


def test_synchronous_is_the_one_option() -> None:
    assert sqlite_path("sqlite:///q.db?synchronous=NORMAL")[1] == "normal"
    for wrong in ("?synchronous=off", "?synchronous", "?sync=normal"):
        with pytest.raises(SettingsError, match="only one option"):
            sqlite_path(f"sqlite:///q.db{wrong}")


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


@pytest.mark.parametrize("engine", ["sqlite", pytest.param("redis", marks=needs_redis)])
def test_the_settings_limits_are_the_queues(tmp_path: Path, engine: str) -> None:
    changes = {"SEMBLANCE_QUEUE_MAX": "1"}
    if engine == "redis":
        changes |= redis_of(tmp_path)
    store = open_store(settings(tmp_path, **changes))
    store.queue.put(a_job(1))
    assert isinstance(store.queue.put(a_job(2, user_id=9)), Full)
    assert store.sole_owner == (engine == "sqlite")
    store.close()


@pytest.mark.parametrize(
    ("setting", "reason"),
    [
        ("SEMBLANCE_QUEUE_PER_USER", "queue_user"),
        ("SEMBLANCE_QUEUE_PER_CHAT", "queue_chat"),
        ("SEMBLANCE_USER_RATE", "rate_user"),
        ("SEMBLANCE_CHAT_RATE", "rate_chat"),
        ("SEMBLANCE_SYSTEM_RATE", "rate_system"),
        ("SEMBLANCE_USER_BYTES_PER_HOUR", "bytes"),
    ],
)
def test_each_limit_on_people_is_a_setting(tmp_path: Path, setting: str, reason: str) -> None:
    with closing(open_store(settings(tmp_path, **{setting: "1"}))) as store:
        first, second = (store.queue.put(a_job(i), n_bytes=9) for i in (1, 2))
    assert isinstance(first, Accepted)
    assert isinstance(second, Full)
    assert second.reason == reason


def test_limits_on_people_that_are_0_are_off(tmp_path: Path) -> None:
    rates = ("USER_RATE", "CHAT_RATE", "SYSTEM_RATE", "USER_BYTES_PER_HOUR")
    off = {f"SEMBLANCE_{name}": "0" for name in rates}
    off |= {f"SEMBLANCE_QUEUE_PER_{whose}": "1000" for whose in ("USER", "CHAT")}
    with closing(open_store(settings(tmp_path, **off))) as store:
        results = [store.queue.put(a_job(i), n_bytes=10**9) for i in range(80)]
    assert all(isinstance(result, Accepted) for result in results)


@needs_redis
def test_a_server_is_shared_by_the_processes_of_a_bot_and_kept_apart_from_other_bots(
    tmp_path: Path,
) -> None:
    url = {"SEMBLANCE_QUEUE": shared_server().url}
    tokens = [f"{bot_id}:{'x' * 35}" for bot_id in (71, 71, 72)]
    one, same, other = (
        open_store(settings(tmp_path, TELEGRAM_TOKEN=token, **url)) for token in tokens
    )
    one.queue.put(a_job(1))
    one.inbox.keep(5, b"x")
    assert same.queue.depth().waiting == 1
    assert same.inbox.knows(5)
    assert other.queue.depth().waiting == 0
    for store in (one, same, other):
        store.close()


@needs_redis
def test_what_a_bot_leaves_unanswered_is_free_once_it_has_closed_its_store(tmp_path: Path) -> None:
    url = redis_of(tmp_path)
    one, other = (open_store(settings(tmp_path, **url)) for _ in range(2))
    assert one.inbox.adopt() == []
    one.inbox.keep(5, b"x")
    assert other.inbox.adopt() == []
    one.close()
    assert other.inbox.adopt() == [b"x"]
    other.close()


def test_a_server_that_is_not_there_is_told_in_words_without_the_password(tmp_path: Path) -> None:
    url = f"unix://:the-password@{tmp_path}/nothing.sock"
    loaded = settings(tmp_path, SEMBLANCE_QUEUE=url)
    with pytest.raises(QueueUnavailable, match="cannot be reached: No such file") as caught:
        open_store(loaded)
    assert "the-password" not in str(caught.value) + repr(loaded)


def test_a_url_that_names_no_server_is_a_wrong_setting(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="SEMBLANCE_QUEUE must be redis://"):
        open_store(settings(tmp_path, SEMBLANCE_QUEUE="redis://queue/jobs"))
