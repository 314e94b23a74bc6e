from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

import bot.start
from bot import exits
from bot.work_queue import open_store
from tests.fakes import Reply
from tests.unit.bot.bot_api import TOKEN, bot_api, refusal
from utils.settings import Settings

Load = Callable[..., Callable[[], Settings]]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Makes a loader of settings that would do, with some changed."""

    def make(**changes: str) -> Callable[[], Settings]:
        environ = {
            "TELEGRAM_TOKEN": TOKEN.reveal(),
            "SEMBLANCE_SECRET": "a secret of some length",
            "SEMBLANCE_QUEUE": f"sqlite:///{tmp_path}/queue.db",
        }
        return partial(Settings.load, environ | changes, dotenv=None)

    return make


def start(load_settings: Callable[[], Settings]) -> None:
    """The real thing, with the test's own log handlers left in place."""
    bot.start.start(load_settings, lambda _service, _form: None)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"TELEGRAM_TOKEN": ""}, exits.NO_TOKEN),
        ({"SEMBLANCE_SECRET": ""}, exits.NO_SECRET),
        ({"SEMBLANCE_WEBHOOK_URL": "http://example.com"}, exits.NOT_HTTPS),
        ({"SEMBLANCE_WEBHOOK_SECRET": "with spaces in between"}, "SEMBLANCE_WEBHOOK_SECRET must"),
        ({"SEMBLANCE_QUEUE": "redis://x/jobs"}, "SEMBLANCE_QUEUE must be redis://"),
        ({"SEMBLANCE_QUEUE_MAX": "many"}, "SEMBLANCE_QUEUE_MAX must be a whole number"),
    ],
)
def test_a_setting_that_keeps_the_bot_from_starting_is_named(
    load: Load, changes: dict[str, str], sentence: str
) -> None:
    with pytest.raises(exits.Misconfigured) as caught:
        start(load(**changes))
    assert str(caught.value).startswith(sentence)


def test_a_queue_that_another_bot_works_on_is_left_to_it(load: Load) -> None:
    store = open_store(load()())
    with pytest.raises(exits.InUse):
        start(load())
    store.close()


def test_a_damaged_queue_file_is_told_in_words(load: Load, tmp_path: Path) -> None:
    (tmp_path / "queue.db").write_bytes(b"rubbish" * 99)
    with pytest.raises(exits.QueueFailed, match="damaged"):
        start(load())


def test_a_queue_server_that_is_away_is_told_in_words(load: Load, tmp_path: Path) -> None:
    with pytest.raises(exits.QueueFailed, match="cannot be reached: No such file"):
        start(load(SEMBLANCE_QUEUE=f"unix://{tmp_path}/nothing.sock"))


def test_the_queue_is_closed_when_the_bot_ends(load: Load) -> None:
    with bot_api() as api:
        api.replies["getMe"] = [refusal(401, "Unauthorized")]
        settings = load(TELEGRAM_API_URL=api.url)
        with pytest.raises(exits.WrongToken):
            start(settings)
    open_store(settings()).close()


@pytest.mark.parametrize(
    ("replies", "expected"),
    [
        # Columns of another program in our table; and a Bot API that answers with nonsense.
        ({}, exits.QueueFailed),
        ({"getMe": [Reply(body=b'{"ok": true, "result": []}')]}, exits.Broken),
    ],
)
def test_an_error_on_the_way_ends_in_a_sentence_as_well(
    load: Load, tmp_path: Path, replies: dict[str, list[Reply]], expected: type[exits.Exit]
) -> None:
    if not replies:
        open_store(load()()).close()
        with closing(sqlite3.connect(tmp_path / "queue.db")) as db:
            db.execute("ALTER TABLE jobs RENAME COLUMN lost_leases TO lost")
    with bot_api() as api:
        api.replies |= replies
        with pytest.raises(expected) as caught:
            start(load(TELEGRAM_API_URL=api.url))
    assert TOKEN.reveal() not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"TELEGRAM_TOKEN": ""}, exits.Misconfigured),
        ({"SEMBLANCE_SLOTS": "none"}, exits.Misconfigured),
        ({"SEMBLANCE_WEBHOOK_URL": "https://u:p@example.com"}, exits.Misconfigured),
        ({}, exits.WrongToken),
    ],
)
def test_a_check_finds_what_only_the_operator_can_mend(
    load: Load, tmp_path: Path, changes: dict[str, str], reason: type[exits.Exit]
) -> None:
    with bot_api() as api:
        api.replies["getMe"] = [refusal(401, "Unauthorized")]
        with pytest.raises(reason):
            bot.start.check(load(**{"TELEGRAM_API_URL": api.url} | changes))
    assert not (tmp_path / "queue.db").exists()


def test_a_check_passes_where_all_is_well_or_telegram_is_away(load: Load) -> None:
    with bot_api() as api:
        bot.start.check(load(TELEGRAM_API_URL=api.url))
        assert [method for method, _ in api.calls] == ["getMe"]
        # A Bot API server of one's own may call without TLS; a check sets no webhook.
        bot.start.check(load(TELEGRAM_API_URL=api.url, SEMBLANCE_WEBHOOK_URL="http://10.0.0.7:81"))
        assert {method for method, _ in api.calls} == {"getMe"}
    bot.start.check(load(TELEGRAM_API_URL=api.url))
