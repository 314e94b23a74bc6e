"""What is said in chats, and when; long because all of it goes over one scene."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from telegram import Update
from telegram.ext import Application

from bot import texts
from bot.metrics import Metrics
from bot.receiver.forgetting import Buttons, Forgetting
from bot.receiver.orders import Orders
from bot.receiver.replies import Replies
from bot.receiver.updates import Announcement, Refusal
from bot.work_queue import Depth, Limits
from bot.work_queue.database import Database
from bot.work_queue.inbox import SqliteInbox
from bot.work_queue.people import SqlitePeople
from bot.work_queue.sqlite import SqliteQueue
from tests.fakes import Reply, serving
from tests.unit.bot.bot_api import BotApi, bot_api, refusal
from tests.unit.bot.jobs import NOON, Clock, a_job
from tests.unit.bot.updates import PERSON, PHOTO, READER, entity, message, update
from utils.settings import Secret

SECRET = Secret("a secret of some length")


class Scene:
    """Handlers over a real file and a real connection."""

    def __init__(self, folder: Path, api: BotApi) -> None:
        self.api = api
        self.database = Database(folder / "queue.db", synchronous="normal")
        self.clock = Clock()
        self.queue = SqliteQueue(self.database, Limits(user_rate=30), clock=self.clock)
        self.inbox = SqliteInbox(self.database, clock=self.clock)
        self.people = SqlitePeople(self.database, clock=self.clock)
        self.buttons = Buttons(SECRET, clock=self.clock)
        self.reader = READER
        self.wakes = 0

    def close(self) -> None:
        self.database.close()

    def replies(self, **changes: Any) -> Replies:
        metrics = Metrics()
        return Replies(
            self.queue,
            self.inbox,
            lambda: self.reader,
            orders=Orders(self.people, self.queue, metrics, clock=self.clock),
            buttons=self.buttons,
            forgetting=Forgetting(self.people, self.inbox, clock=self.clock),
            **{"queue_changed": self._woken} | changes,
        )

    def _woken(self) -> None:
        self.wakes += 1

    def handle(self, *items: object, before: Callable[[], object] = lambda: None) -> None:
        """Pass updates through the application's handlers, as polling does."""

        async def run() -> None:
            application = (
                Application.builder().bot(self.api.bot()).updater(None).job_queue(None).build()
            )
            self.replies().register(application)
            async with application:
                before()
                for item in items:
                    await application.process_update(item)

        asyncio.run(run())

    def keep(self, an_update: Update) -> Update:
        self.inbox.keep(an_update.update_id, an_update.to_json().encode())
        return an_update


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with bot_api() as api, closing(Scene(tmp_path, api)) as scene:
        yield scene


def announced(scene: Scene, *jobs: int) -> Announcement:
    made = [a_job(i, status_message_id=None, message_thread_id=3) for i in jobs]
    for job in made:
        scene.queue.put(job)
    return Announcement(7, tuple((job, place) for place, job in enumerate(made)))


class TestAnnounce:
    def test_each_job_gets_a_status_message_as_a_reply(self, scene: Scene) -> None:
        scene.handle(announced(scene, 1, 2, 3))
        assert scene.api.said() == [(7, texts.status(place)) for place in range(3)]
        _, fields = scene.api.calls[-1]
        assert json.loads(fields["reply_parameters"]) == {
            "message_id": 5,
            "allow_sending_without_reply": True,
        }
        assert fields["message_thread_id"] == "3"
        claims = scene.queue.claim(3, "w", 60.0)
        assert all(claim.job.status_message_id for claim in claims)
        assert len(claims) == scene.wakes == 3

    def test_what_fails_is_left_to_the_dispatcher(self, scene: Scene) -> None:
        scene.api.replies["sendMessage"] = [refusal(429, "Too Many Requests", retry_after=5)]
        scene.handle(announced(scene, 1, 2))
        assert [claim.job.id for claim in scene.queue.claim(2, "w", 60.0)] == ["2-0"]

    def test_a_job_that_is_in_flight_already_gets_none_from_here(self, scene: Scene) -> None:
        job = a_job(1, status_message_id=None, enqueued_at=NOON - 5)
        scene.queue.put(job)
        scene.queue.claim(1, "w", 60.0)
        scene.handle(Announcement(7, ((job, 0),)))
        assert scene.api.said() == []

    def test_of_two_status_messages_the_later_one_goes(self, scene: Scene) -> None:
        announcement = announced(scene, 1)
        scene.handle(announcement, before=lambda: scene.queue.note_status("1-0", 44))
        deleted = [fields for name, fields in scene.api.calls if name == "deleteMessage"]
        assert [fields["message_id"] for fields in deleted] != ["44"]
        assert len(deleted) == 1


class TestAnswer:
    def test_a_sentence_is_sent_and_the_update_forgotten(self, scene: Scene) -> None:
        scene.handle(scene.keep(update(11, text="hello")))
        assert scene.api.said() == [(7, texts.NO_LINK)]
        assert scene.inbox.waiting() == []

    def test_pictures_come_here_only_when_the_queue_is_full(self, scene: Scene) -> None:
        scene.handle(scene.keep(update(11, photo=PHOTO)))
        assert scene.api.said() == [(7, texts.FULL)]

    def test_a_tap_is_acknowledged(self, scene: Scene) -> None:
        tap = {
            "id": "99",
            "from": PERSON,
            "chat_instance": "x",
            "data": "old",
            "message": message(text="x"),
        }
        scene.handle(scene.keep(update(11, raw={"callback_query": tap})))
        assert scene.api.count("answerCallbackQuery") == 1
        assert scene.api.said() == []
        assert scene.inbox.waiting() == []

    def test_a_pause_that_telegram_asks_for_is_kept(self, scene: Scene) -> None:
        scene.api.replies["sendMessage"] = [refusal(429, "Too Many Requests", retry_after=1)]
        scene.handle(scene.keep(update(11, text="hello")))
        assert len(scene.api.said()) == 2
        assert scene.inbox.waiting() == []

    def test_a_group_that_moved_is_answered_where_it_went(self, scene: Scene) -> None:
        moved = refusal(400, "group chat was upgraded", migrate_to_chat_id=-200)
        scene.api.replies["sendMessage"] = [moved]
        scene.handle(scene.keep(update(11, text="hello")))
        assert scene.api.said() == [(7, texts.NO_LINK), (-200, texts.NO_LINK)]

    @pytest.mark.parametrize(
        "reply", [refusal(403, "Forbidden: bot was blocked by the user"), Reply(drop=True)]
    )
    def test_what_is_refused_or_may_have_arrived_is_not_repeated(
        self, scene: Scene, reply: Reply
    ) -> None:
        scene.api.replies["sendMessage"] = [reply]
        scene.handle(scene.keep(update(11, text="hello")))
        assert len(scene.api.said()) == 1
        assert scene.inbox.waiting() == []

    def test_an_answer_that_cannot_be_noted_is_no_reason_to_apologise(self, scene: Scene) -> None:
        hello = scene.keep(update(11, text="hello"))
        scene.handle(hello, before=scene.database.close)
        assert scene.api.said() == [(7, texts.NO_LINK)]

    def test_a_bug_is_logged_and_apologised_for_once(
        self, scene: Scene, caplog: pytest.LogCaptureFixture
    ) -> None:
        scene.reader = None  # type: ignore[assignment]
        scene.handle(scene.keep(update(11, text="hello")))
        assert scene.api.said() == [(7, texts.OUR_FAULT)]
        assert scene.inbox.waiting() == []
        assert "a handler failed" in caplog.text

    def test_a_bug_about_something_else_is_only_logged(
        self, scene: Scene, caplog: pytest.LogCaptureFixture
    ) -> None:
        announcement = Announcement(7, ((None, 0),))  # type: ignore[arg-type]
        scene.handle(announcement)
        assert scene.api.said() == []
        assert "a handler failed" in caplog.text


def asks_to_delete(update_id: int = 11) -> Update:
    text = "/delete"
    return update(update_id, text=text, entities=[entity(text, text, "bot_command")])


def taps(data: str, user_id: int = 7, update_id: int = 12) -> Update:
    query = {
        "id": "99",
        "from": PERSON | {"id": user_id},
        "chat_instance": "x",
        "data": data,
        "message": message(text="x", message_id=33),
    }
    return update(update_id, raw={"callback_query": query})


class TestDelete:
    def test_a_button_asks_once_more_and_then_all_is_gone(self, scene: Scene) -> None:
        scene.queue.put(a_job(1))
        scene.handle(scene.keep(asks_to_delete()))
        assert scene.api.said() == [(7, texts.ASK_DELETE)]
        _, fields = scene.api.calls[-1]
        (((button,),),) = json.loads(fields["reply_markup"]).values()
        assert button["text"] == texts.DELETE_BUTTON
        assert scene.queue.depth().waiting == 1
        scene.handle(scene.keep(taps(button["callback_data"])))
        edits = [fields for name, fields in scene.api.calls if name == "editMessageText"]
        assert [(edit["message_id"], edit["text"]) for edit in edits] == [
            ("33", texts.DELETED),
            ("901", texts.CANCELLED),
        ]
        assert scene.queue.depth() == Depth(0, 0, 0)
        assert scene.inbox.waiting() == []

    def test_a_ban_stays_and_that_is_said(self, scene: Scene) -> None:
        scene.people.ban(7, NOON + 1000)
        scene.handle(scene.keep(taps(scene.buttons.data(7))))
        edited = dict(scene.api.calls)["editMessageText"]
        assert edited["text"] == texts.DELETED_BUT_BANNED
        assert len(scene.people.bans()) == 1

    @pytest.mark.parametrize(
        ("data", "answer"),
        [
            ("7", texts.NOT_YOUR_BUTTON),
            ("8 old", texts.OLD_BUTTON),
            ("forget:8:9999999999:00000000000000000000", None),
            ("x" * 500, None),
        ],
    )
    def test_a_tap_on_another_button_removes_nothing(
        self, scene: Scene, data: str, answer: str | None
    ) -> None:
        scene.queue.put(a_job(1, user_id=8))
        scene.queue.put(a_job(2))
        if data == "7":
            data = scene.buttons.data(7)
        elif data == "8 old":
            data = scene.buttons.data(8)
            scene.clock.pass_s(600)
        scene.handle(scene.keep(taps(data, user_id=8)))
        assert dict(scene.api.calls)["answerCallbackQuery"].get("text") == answer
        assert scene.api.count("editMessageText") == 0
        assert scene.queue.depth().waiting == 2

    def test_where_the_queue_is_away_nobody_is_promised_anything(self, scene: Scene) -> None:
        scene.handle(scene.keep(taps(scene.buttons.data(7))), before=scene.database.close)
        assert texts.DELETED not in str(scene.api.calls)
        assert scene.api.said() == [(7, texts.OUR_FAULT)]


class TestOrders:
    def test_an_admin_is_obeyed_and_cancelled_jobs_say_so(self, scene: Scene) -> None:
        scene.reader = replace(READER, admins=frozenset({7}))
        scene.queue.put(a_job(1, user_id=8, chat_id=8))
        text = "/ban 8"
        ban = update(11, text=text, entities=[entity(text, "/ban", "bot_command")])
        scene.handle(scene.keep(ban))
        assert scene.api.said() == [(7, "8 is banned for ever. Waiting pictures cancelled: 1.")]
        edited = dict(scene.api.calls)["editMessageText"]
        assert (edited["chat_id"], edited["text"]) == ("8", texts.CANCELLED)
        assert len(scene.people.bans()) == 1


def test_a_refusal_is_said_and_the_update_forgotten(scene: Scene) -> None:
    scene.handle(Refusal(scene.keep(update(11, photo=PHOTO)), "Later, please."))
    assert scene.api.said() == [(7, "Later, please.")]
    assert scene.inbox.waiting() == []


def test_a_server_that_cannot_be_reached_is_tried_until_it_can(scene: Scene) -> None:
    with serving(scene.api) as gone:
        scene.api.url = gone.url
    pauses: list[float] = []

    with ExitStack() as stack:

        async def come_back(pause_s: float) -> None:
            pauses.append(pause_s)
            if len(pauses) == 3:
                stack.enter_context(serving(scene.api, port=int(gone.url.rsplit(":", 1)[1])))

        async def run() -> None:
            replies = scene.replies(sleep=come_back)
            context = SimpleNamespace(bot=scene.api.bot())
            await replies.answer(scene.keep(update(11, text="hello")), context)  # type: ignore[arg-type]
            for request in context.bot._request:
                await request.shutdown()

        asyncio.run(run())
    assert pauses == [1.0, 2.0, 4.0]
    assert scene.api.said() == [(7, texts.NO_LINK)]
    assert scene.inbox.waiting() == []
