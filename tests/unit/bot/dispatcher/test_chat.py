from __future__ import annotations

from typing import Any

import pytest

from bot import texts
from bot.dispatcher.chat import Chat
from bot.work_queue import Claim
from bot.work_queue.sqlite import SqliteQueue
from tests.fakes import FakeTelegram
from tests.unit.bot.jobs import NOON, a_job
from utils.errors import ChatRefused, SemblanceError, TelegramUnavailable
from utils.jobs import Job
from utils.telegram import ChatMoved, EditUnknown, MaybeSent, MessageGone


@pytest.fixture
def chat(telegram: FakeTelegram, queue: SqliteQueue) -> Chat:
    return Chat(telegram, queue)


def claim_of(job: Job) -> Claim:
    return Claim(job=job, lease=1, attempt=1)


def test_a_missing_status_message_is_posted_and_recorded(
    chat: Chat, telegram: FakeTelegram, queue: SqliteQueue
) -> None:
    job = a_job(status_message_id=None)
    queue.put(job)
    assert chat.with_status(claim_of(job)).status_message_id == 1001
    assert telegram.texts == {(7, 1001): texts.LOOKING}
    assert queue.note_status(job.id, 5) == 1001


def test_one_that_is_there_is_kept(chat: Chat, telegram: FakeTelegram) -> None:
    assert chat.with_status(claim_of(a_job())).status_message_id == 901
    assert telegram.calls == []


@pytest.mark.parametrize("failures", [[], [TelegramUnavailable()]])
def test_of_two_status_messages_the_later_one_goes(
    chat: Chat, telegram: FakeTelegram, queue: SqliteQueue, failures: list[TelegramUnavailable]
) -> None:
    job = a_job(status_message_id=None)
    queue.put(job)
    queue.note_status(job.id, 44)
    assert chat.with_status(claim_of(job)).status_message_id == 44
    assert telegram.calls == ["send_message", "delete_message"]
    assert telegram.texts == {}


def test_a_status_message_that_may_have_arrived_is_tried_again_later(
    chat: Chat, telegram: FakeTelegram
) -> None:
    telegram.failures = [MaybeSent()]
    with pytest.raises(TelegramUnavailable):
        chat.with_status(claim_of(a_job(status_message_id=None)))


def test_a_group_that_moved_is_followed_and_the_job_with_it(
    chat: Chat, telegram: FakeTelegram, queue: SqliteQueue
) -> None:
    queue.put(a_job(status_message_id=None, enqueued_at=NOON - 10))
    (claim,) = queue.claim(1, "w", 60.0)
    telegram.failures = [ChatMoved(-200)]
    job = chat.with_status(claim)
    assert (job.chat_id, job.status_message_id) == (-200, 1001)
    assert telegram.texts == {(-200, 1001): texts.LOOKING}
    queue.nack(claim, due_at=NOON, reason="", counts=False)
    assert queue.claim(1, "w", 60.0)[0].job == job.with_(attempt=2)


def test_without_its_lease_nobody_follows_a_group(chat: Chat, telegram: FakeTelegram) -> None:
    telegram.failures = [ChatMoved(-200)]
    with pytest.raises(TelegramUnavailable):
        chat.with_status(claim_of(a_job(status_message_id=None)))
    assert telegram.texts == {}


def claimed(queue: SqliteQueue, **changes: Any) -> Claim:
    queue.put(a_job(enqueued_at=NOON - 10, **changes))
    (claim,) = queue.claim(1, "w", 60.0)
    return claim


def test_a_sentence_takes_the_place_of_the_status_message(
    chat: Chat, telegram: FakeTelegram, queue: SqliteQueue
) -> None:
    chat.tell(claimed(queue), "Sorry.")
    assert telegram.texts == {(7, 901): "Sorry."}
    assert telegram.calls == ["edit_text"]


@pytest.mark.parametrize(
    ("failures", "chat_id"),
    [
        ([MessageGone()], 7),
        ([ChatMoved(-200)], -200),
        ([MessageGone(), ChatMoved(-200)], -200),
    ],
)
def test_where_the_status_message_is_gone_it_takes_the_place_of_another(
    chat: Chat,
    telegram: FakeTelegram,
    queue: SqliteQueue,
    failures: list[SemblanceError],
    chat_id: int,
) -> None:
    claim = claimed(queue)
    telegram.failures = list(failures)
    chat.tell(claim, "Sorry.")
    assert telegram.texts == {(chat_id, 1001): "Sorry."}
    assert telegram.calls[-2:] == ["send_message", "edit_text"]
    queue.nack(claim, due_at=NOON, reason="", counts=False)
    (again,) = queue.claim(1, "w", 60.0)
    assert (again.job.chat_id, again.job.status_message_id) == (chat_id, 1001)


@pytest.mark.parametrize("failures", [[MaybeSent()], [TelegramUnavailable()]])
def test_one_that_perhaps_did_not_come_is_said_later(
    chat: Chat, telegram: FakeTelegram, queue: SqliteQueue, failures: list[SemblanceError]
) -> None:
    claim = claimed(queue, status_message_id=None)
    telegram.failures = list(failures)
    with pytest.raises(TelegramUnavailable):
        chat.tell(claim, "Sorry.")
    chat.tell(claim, "Sorry.")
    assert list(telegram.texts.values()) == ["Sorry."]


def test_where_edits_are_unknown_it_is_sent(
    chat: Chat, telegram: FakeTelegram, queue: SqliteQueue
) -> None:
    telegram.failures = [EditUnknown()]
    chat.tell(claimed(queue), "Sorry.")
    assert telegram.calls == ["edit_text", "send_message"]
    assert telegram.texts == {(7, 1001): "Sorry."}


def test_to_a_chat_that_refuses_the_bot_nothing_is_said(
    chat: Chat, telegram: FakeTelegram, queue: SqliteQueue
) -> None:
    telegram.failures = [ChatRefused()]
    chat.tell(claimed(queue), "Sorry.")
    assert telegram.calls == ["edit_text"]


def test_without_its_lease_nobody_says_it_anew(
    chat: Chat, telegram: FakeTelegram, queue: SqliteQueue
) -> None:
    telegram.failures = [MessageGone()]
    chat.tell(claim_of(a_job()), "Sorry.")
    assert telegram.calls == ["edit_text"]
