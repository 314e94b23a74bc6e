"""The durable update queue; long, for it is tried by itself and under the library's polling."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Coroutine, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from telegram.error import TelegramError
from telegram.ext import ExtBot, Updater

from bot import request_ids, texts
from bot.metrics import Metrics
from bot.receiver.updates import Announcement, DurableUpdates, NotStored, Refusal
from bot.work_queue import Depth, Limits
from bot.work_queue.database import Database
from bot.work_queue.inbox import SqliteInbox
from bot.work_queue.people import SqlitePeople
from bot.work_queue.sqlite import SqliteQueue
from tests.fakes import Reply, Request, serving
from tests.metric_values import values_of
from tests.unit.bot.jobs import Clock
from tests.unit.bot.updates import GROUP, PHOTO, READER, entity, message, text_with_urls, update

TOKEN = "123456:" + "x" * 30


class Parts:
    """A durable update queue over a real file."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        self.database = Database(folder / "queue.db", synchronous="normal")
        self.queue = SqliteQueue(self.database, limits, clock=Clock())
        self.inbox = SqliteInbox(self.database, clock=Clock())
        self.people = SqlitePeople(self.database, clock=Clock())
        self.metrics = Metrics()
        self.updates = DurableUpdates(
            self.queue,
            self.inbox,
            self.people,
            lambda: READER,
            metrics=self.metrics,
            clock=Clock(),
        )

    def close(self) -> None:
        self.database.close()

    def left(self) -> list[object]:
        """What the handlers would get."""
        items = []
        while not self.updates.empty():
            items.append(self.updates.get_nowait())
        return items


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    with closing(Parts(tmp_path, Limits(total=3))) as parts:
        yield parts


def run(*coroutines: Coroutine[Any, Any, Any]) -> None:
    async def all_of_them() -> None:
        for coroutine in coroutines:
            await coroutine

    asyncio.run(all_of_them())


def test_a_photo_is_on_the_disk_when_put_returns(parts: Parts) -> None:
    run(parts.updates.put(update(11, photo=PHOTO)))
    assert parts.queue.position("11-0") == 0
    (announcement,) = parts.left()
    assert isinstance(announcement, Announcement)
    assert [(job.id, position) for job, position in announcement.jobs] == [("11-0", 0)]


def test_each_job_leaves_a_line_under_its_id_and_a_count(
    parts: Parts, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[tuple[str, str, dict[str, object]]] = []

    class Lines(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            told.append((request_ids.current(), record.getMessage(), record.facts))  # type: ignore[attr-defined]

    lines = Lines()
    with caplog.at_level(logging.INFO):
        logging.getLogger().addHandler(lines)
        try:
            links = [f"http://example.com/{i}.jpg" for i in range(4)]
            album = text_with_urls(" ".join(links), *links)
            photo = update(11, photo=PHOTO)
            run(*(parts.updates.put(each) for each in (photo, photo, update(12, **album))))
        finally:
            logging.getLogger().removeHandler(lines)
    assert told == [
        ("11-0", "queued", {"kind": "file_id", "ahead": 0}),
        ("12-0", "queued", {"kind": "url", "ahead": 1}),
        ("12-1", "queued", {"kind": "url", "ahead": 2}),
        ("-", "refused", {"reason": "queue_full", "wait_s": 10}),
    ]
    values = values_of(parts.metrics.exposition())
    assert {
        name.removeprefix("semblance_jobs_put_total"): value
        for name, value in values.items()
        if value and name.startswith("semblance_jobs_put_total")
    } == {
        '{kind="file_id",result="accepted"}': 1,
        '{kind="file_id",result="duplicate"}': 1,
        '{kind="url",result="accepted"}': 2,
        '{kind="url",result="full"}': 1,
    }


def test_a_sentence_is_in_the_inbox_when_put_returns(parts: Parts) -> None:
    hello = update(11, text="hello")
    run(parts.updates.put(hello))
    assert [json.loads(body)["update_id"] for body in parts.inbox.waiting()] == [11]
    assert parts.left() == [hello]
    assert parts.queue.depth() == Depth(0, 0, 0)


def test_the_same_update_again_makes_no_second_job_and_no_second_word(parts: Parts) -> None:
    for again in (update(11, photo=PHOTO), update(12, text="hello")):
        run(parts.updates.put(again))
    assert len(parts.left()) == 2
    parts.inbox.done(12)
    for again in (update(11, photo=PHOTO), update(12, text="hello")):
        run(parts.updates.put(again))
    assert parts.left() == []
    assert parts.queue.depth().waiting == 1


def test_what_is_not_meant_for_the_bot_leaves_no_trace(parts: Parts) -> None:
    run(parts.updates.put(update(11, raw={"channel_post": message(text="x")})))
    assert parts.left() == []
    assert parts.inbox.waiting() == []


def test_a_full_queue_is_told_once_and_the_update_never_becomes_a_job(parts: Parts) -> None:
    links = [f"https://example.com/{i}" for i in range(5)]
    several = update(11, **text_with_urls(" ".join(links), *links))
    run(parts.updates.put(several))
    announcement, refused = parts.left()
    assert isinstance(announcement, Announcement)
    assert len(announcement.jobs) == 3
    assert refused == Refusal(several, texts.FULL)
    claims = parts.queue.claim(3, "w", 60.0)
    for job, _ in announcement.jobs:
        assert parts.queue.cancel(job.id)
    assert claims == []
    run(parts.updates.put(several))
    assert parts.left() == []
    assert parts.queue.depth().waiting == 0


def refused(parts: Parts) -> dict[str, int]:
    return parts.metrics.refusals()


def test_photos_beyond_a_limit_are_told_once_with_the_wait_and_all_of_them_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(Parts(tmp_path, Limits(user_rate=2))) as parts, caplog.at_level(logging.INFO):
        photos = [update(i, photo=PHOTO) for i in range(1, 9)]
        run(*(parts.updates.put(photo) for photo in photos))
        *announcements, refusal = parts.left()
        assert len(announcements) == 2
        assert refusal == Refusal(photos[2], texts.RATE_USER.format(wait="30 s"))
        assert refused(parts) == {"rate_user": 6}
        assert [line.message for line in caplog.records].count("refused") == 1
        assert len(parts.inbox.waiting()) == 1


def test_large_files_use_up_an_hours_bytes(tmp_path: Path) -> None:
    size = PHOTO[-1]["file_size"]
    with closing(Parts(tmp_path, Limits(user_bytes_per_hour=2 * size))) as parts:
        run(*(parts.updates.put(update(i, photo=PHOTO)) for i in (1, 2, 3)))
        assert refused(parts) == {"bytes": 1}
        assert texts.BYTES[:20] in parts.left()[-1].sentence  # type: ignore[attr-defined]


class TestBanned:
    @pytest.fixture(autouse=True)
    def banned(self, parts: Parts) -> None:
        parts.people.ban(7, float("inf"))

    def test_one_sentence_and_then_silence(self, parts: Parts) -> None:
        photo = update(1, photo=PHOTO)
        run(*(parts.updates.put(each) for each in (photo, photo, update(2, text="why?"))))
        assert parts.left() == [Refusal(photo, texts.BANNED)]
        assert parts.queue.depth() == Depth(0, 0, 0)
        assert refused(parts) == {"banned": 2}

    def test_no_word_in_a_group(self, parts: Parts) -> None:
        mention = f"@{READER.username}"
        asked = {"caption": mention, "caption_entities": [entity(mention, mention, "mention")]}
        run(parts.updates.put(update(1, chat=GROUP, photo=PHOTO, **asked)))
        assert parts.left() == []
        assert refused(parts) == {"banned": 1}

    def test_they_too_may_ask_to_be_forgotten(self, parts: Parts) -> None:
        text = "/delete"
        ask = update(1, text=text, entities=[entity(text, text, "bot_command")])
        run(parts.updates.put(ask))
        assert parts.left() == [ask]


def test_words_are_answered_twenty_times_a_minute(parts: Parts) -> None:
    lines = [update(i, text="hello") for i in range(1, 41)]

    async def write() -> None:
        for line in lines:
            await parts.updates.put(line)
            parts.updates.handled(line)

    run(write())
    assert parts.left() == lines[:20]
    assert refused(parts) == {"rate_words": 20}


def test_what_is_no_update_passes(parts: Parts) -> None:
    stop = object()
    run(parts.updates.put(stop))
    assert parts.left() == [stop]


def test_an_update_that_cannot_be_stored_stays_with_telegram(parts: Parts) -> None:
    parts.database.close()
    with pytest.raises(TelegramError) as caught:
        run(parts.updates.put(update(11, photo=PHOTO)))
    assert isinstance(caught.value, NotStored)
    assert parts.left() == []


def test_too_many_unanswered_messages_make_polling_wait(
    parts: Parts,
) -> None:
    updates = DurableUpdates(
        parts.queue, parts.inbox, parts.people, lambda: READER, clock=Clock(), max_unanswered=2
    )

    async def flood() -> None:
        for i in (1, 2):
            await updates.put(update(i, text="hello"))
        third = asyncio.create_task(updates.put(update(3, text="hello")))
        done, _ = await asyncio.wait([third], timeout=0.2)
        assert not done
        assert len(parts.inbox.waiting()) == 3
        await updates.get()
        updates.task_done()
        await third

    run(flood())


def test_a_chat_that_writes_faster_than_it_is_answered_gets_no_hint_for_each_line(
    parts: Parts,
) -> None:
    lines = [update(i, text="hello") for i in range(1, 9)]
    run(*(parts.updates.put(line) for line in lines))
    assert parts.left() == lines[:5]
    assert len(parts.inbox.waiting()) == 5
    run(parts.updates.put(update(20, text="hello", chat=GROUP | {"type": "private"})))
    assert len(parts.left()) == 1
    for line in lines[:5]:
        parts.updates.handled(line)
    run(parts.updates.put(update(21, text="hello")))
    assert len(parts.left()) == 1


def test_replayed_updates_count_as_unanswered(parts: Parts) -> None:
    parts.updates.put_again(update(1, text="hello"))
    parts.updates.handled(update(1, text="hello"))
    parts.updates.handled(object())
    assert len(parts.left()) == 1


class Telegram:
    """getUpdates as Telegram answers it: everything from the offset on, again and again."""

    def __init__(self, *updates: dict[str, Any]) -> None:
        self.updates = updates
        self.offsets: list[int] = []

    def __call__(self, request: Request) -> Reply:
        result: Any = True
        if request.path.endswith("/getMe"):
            result = {"id": 123456, "is_bot": True, "first_name": "S", "username": "s_bot"}
        elif request.path.endswith("/getUpdates"):
            fields = dict(part.split("=") for part in request.body.decode().split("&") if part)
            self.offsets.append(int(fields.get("offset", 0)))
            result = [u for u in self.updates if u["update_id"] >= self.offsets[-1]]
        return Reply(body=json.dumps({"ok": True, "result": result}).encode())


def test_the_library_confirms_updates_only_after_they_were_stored(parts: Parts) -> None:
    telegram = Telegram(
        {"update_id": 11, "message": message(photo=PHOTO)},
        {"update_id": 12, "message": message(text="hello")},
    )
    seen: list[tuple[int, int]] = []

    class Watched(DurableUpdates):
        """Fails once after the first update, as a full disk would."""

        failed = False

        async def put(self, item: object) -> None:
            seen.append((parts.queue.depth().waiting, len(parts.inbox.waiting())))
            if len(seen) == 2 and not self.failed:
                self.failed = True
                raise NotStored("disk full")
            await super().put(item)

    async def poll(api_url: str) -> None:
        updates = Watched(parts.queue, parts.inbox, parts.people, lambda: READER, clock=Clock())
        bot = ExtBot(TOKEN, base_url=f"{api_url}/bot")
        updater = Updater(bot, updates)
        async with updater:
            await updater.start_polling(poll_interval=0.01)
            while 13 not in telegram.offsets:
                await asyncio.sleep(0.01)
            await updater.stop()
        assert updates.qsize() == 2

    with serving(telegram) as server, contextlib.suppress(asyncio.CancelledError):
        asyncio.run(poll(server.url))
    # The first batch failed half-way: asked for again from the same offset, nothing doubled.
    assert telegram.offsets[:2] == [0, 0]
    assert sorted(set(telegram.offsets)) == [0, 13]
    assert seen == [(0, 0), (1, 0), (1, 0), (1, 0)]
    assert parts.queue.depth().waiting == 1
    assert len(parts.inbox.waiting()) == 1
