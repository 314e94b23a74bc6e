"""Names, captions, file names and payloads: whatever they hold, they end nowhere."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram.ext import Application

from bot import texts
from bot.metrics import Metrics
from bot.receiver.forgetting import Buttons, Forgetting
from bot.receiver.orders import Order, Orders
from bot.receiver.reading import Deletion, Pictures, Sentence
from bot.receiver.replies import Replies
from bot.receiver.updates import DurableUpdates
from bot.work_queue import Limits
from bot.work_queue.database import Database
from bot.work_queue.inbox import SqliteInbox
from bot.work_queue.people import SqlitePeople
from bot.work_queue.sqlite import SqliteQueue
from tests.unit.bot.bot_api import BotApi, bot_api
from tests.unit.bot.jobs import NOON
from tests.unit.bot.updates import PERSON, PHOTO, READER, entity, message, update
from utils import logs
from utils.settings import ROOT, Secret

OURS = {value for value in vars(texts).values() if isinstance(value, str)}
# What would break out of a line, a page, a formatted message, a shell or a path.
NASTY = st.sampled_from([
    "\n2026-01-01 INFO bot - forged",
    "\r\x1b[31mred",
    "\u202egnp.exe",
    "\u2028\u2029\x85",
    "\u2066\u200f\u061c",
    "<b>&lt;<a href='tg://user?id=1'>",
    "*_`[x](tg://user?id=1)",
    "$(touch /tmp/x); `id` | sh",
    "../../etc/passwd\0.png",
    "{0.__class__} %s %(x)s {wait}",
    "A" * 5000,
])  # fmt: skip
WORDS = st.one_of(NASTY, st.text(min_size=1, max_size=60))
READS = replace(READER, admins=frozenset({99}))


def person(words: str, user_id: int = 7) -> dict[str, Any]:
    names = {"first_name": words, "last_name": words, "username": words}
    return PERSON | names | {"id": user_id, "language_code": "en"}


def command(text: str) -> dict[str, Any]:
    return {"text": text, "entities": [entity(text, text.split(maxsplit=1)[0], "bot_command")]}


@given(WORDS)
def test_the_payload_of_a_deep_link_is_not_read(payload: str) -> None:
    read = READER.read(update(11, **command(f"/start {payload}")), now=NOON)
    assert read == Sentence(texts.START)


@given(WORDS)
def test_a_job_holds_nothing_of_names_captions_and_file_names(words: str) -> None:
    picture = {"file_id": "AgAC", "file_unique_id": "u", "mime_type": "image/png"}
    for fields in (
        {"photo": PHOTO},
        {"document": picture | {"file_name": words}},
    ):
        chat = {"id": 7, "type": "private", "first_name": words, "title": words}
        hostile = update(11, chat=chat, caption=words, **fields, **{"from": person(words)})
        plain = update(11, **fields, **{"from": person("Ada")})
        read = READER.read(hostile, now=NOON)
        assert isinstance(read, Pictures)
        assert read == READER.read(plain, now=NOON)


@given(WORDS, st.sampled_from(["ban", "unban", "bans", "stats", "delete", "help", "start", "x"]))
def test_what_follows_a_command_changes_no_sentence(words: str, name: str) -> None:
    for user_id in (7, 99):
        fields = command(f"/{name} {words}") | {"from": person(words, user_id)}
        read = READS.read(update(11, **fields), now=NOON)
        if isinstance(read, Order):
            assert user_id == 99
            assert read.user_id is None or read.user_id == int(words.split(maxsplit=1)[0])
        elif not isinstance(read, Deletion):
            assert isinstance(read, Sentence)
            assert read.text in OURS


@given(WORDS)
def test_a_line_of_the_log_stays_one_line(words: str) -> None:
    for form in ("text", "json"):
        record = logging.LogRecord("bot.x", logging.INFO, "", 0, "said %s", (words,), None)
        record.facts = {"reason": words}
        line = logs.formatter("bot", form).format(record)
        assert len(line.splitlines()) == 1
        assert not re.search(
            "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]", line
        )
        if form == "json":
            assert json.loads(line)["level"] == "INFO"


def test_no_text_of_the_bot_is_formatted() -> None:
    """Without a parse_mode Telegram takes every character of a text for itself."""
    for folder in ("bot", "services", "utils"):
        for path in (ROOT / folder).rglob("*.py"):
            assert "parse_mode" not in path.read_text(), path


MARK = "zaphod-\n\u202e<b>*"


class Scene:
    def __init__(self, folder: Path, api: BotApi) -> None:
        self.api = api
        self.database = Database(folder / "queue.db", synchronous="normal")
        self.queue = SqliteQueue(self.database, Limits(user_rate=1))
        self.inbox, self.people = SqliteInbox(self.database), SqlitePeople(self.database)
        self.metrics = Metrics()
        self.updates = DurableUpdates(
            self.queue, self.inbox, self.people, lambda: READS, metrics=self.metrics
        )

    def live(self, *updates: dict[str, Any]) -> None:
        replies = Replies(
            self.queue,
            self.inbox,
            lambda: READS,
            orders=Orders(self.people, self.queue, self.metrics),
            buttons=Buttons(Secret("a secret of some length")),
            forgetting=Forgetting(self.people, self.inbox),
            queue_changed=lambda: None,
        )

        async def run() -> None:
            application = (
                Application.builder().bot(self.api.bot()).updater(None).job_queue(None).build()
            )
            replies.register(application)
            async with application:
                for raw in updates:
                    await self.updates.put(update(raw["update_id"], raw=raw))
                while not self.updates.empty():
                    await application.process_update(self.updates.get_nowait())

        asyncio.run(run())


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with bot_api() as api:
        scene = Scene(tmp_path, api)
        with closing(scene.database):
            yield scene


def test_on_the_whole_way_nothing_of_it_is_said_logged_counted_or_left(
    scene: Scene, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    chat = {"id": 7, "type": "private", "first_name": MARK}
    by = {"from": person(MARK), "chat": chat}
    sent: list[dict[str, Any]] = [
        message(photo=PHOTO, caption=MARK, **by),
        message(photo=PHOTO, caption=MARK, **by),
        message(document={"file_id": "x", "file_unique_id": "u", "file_name": MARK}, **by),
        message(**command(f"/start {MARK}"), **by),
        message(**command(f"/delete {MARK}"), **by),
        message(**(command(f"/ban {MARK}") | {"chat": chat, "from": person(MARK, 99)})),
    ]
    tap = {"id": "9", "from": person(MARK), "chat_instance": MARK, "data": MARK}
    tap["message"] = message(text=MARK, **by)
    bodies = [{"update_id": i, "message": each} for i, each in enumerate(sent, 1)]
    scene.live(*bodies, {"update_id": 50, "callback_query": tap})
    said = [text for _, text in scene.api.said()]
    assert texts.START in said
    assert texts.ORDERS in said
    assert scene.inbox.waiting() == []
    scene.queue.tidy()
    told = [str(scene.api.calls), caplog.text, scene.metrics.exposition().decode()]
    told += [path.read_bytes().decode("latin-1") for path in tmp_path.iterdir()]
    assert not [text for text in told if "zaphod" in text]
