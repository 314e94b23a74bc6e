from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

import pytest
from telegram import Update

from bot import texts
from bot.receiver.reading import Pictures, Reading, Sentence, Silence, Tap
from tests.unit.bot.jobs import NOON
from tests.unit.bot.updates import (
    BOT,
    BOT_NAME,
    GROUP,
    PERSON,
    PHOTO,
    PRIVATE,
    READER,
    entity,
    message,
    text_with_urls,
    update,
)
from utils.jobs import Job


def read(**fields: Any) -> Reading:
    return READER.read(update(11, **fields), now=NOON)


def command(text: str, name: str) -> dict[str, Any]:
    return {"text": text, "entities": [entity(text, name, "bot_command")]}


class TestInPrivate:
    def test_a_photo_becomes_a_job(self) -> None:
        reading = read(photo=PHOTO)
        assert isinstance(reading, Pictures)
        (job,) = reading.jobs
        assert (job.id, job.kind, job.source) == ("11-0", "file_id", "large")
        assert (job.user_id, job.chat_id, job.reply_to) == (7, 7, 5)
        assert (job.language, job.enqueued_at, job.message_thread_id) == ("de", NOON, None)

    def test_several_links_are_several_jobs(self) -> None:
        reading = read(**text_with_urls("a.example b.example", "a.example", "b.example"))
        assert isinstance(reading, Pictures)
        assert [(job.id, job.source) for job in reading.jobs] == [
            ("11-0", "http://a.example"),
            ("11-1", "http://b.example"),
        ]

    def test_a_link_too_long_to_be_one_is_told_apart_from_the_others(self) -> None:
        text = "one two"
        endless = entity(text, "one", "text_link", url="http://x/" + "y" * 5000)
        fine = entity(text, "two", "text_link", url="http://x/")
        assert read(text=text, entities=[endless]) == Sentence(texts.BAD_LINK)
        reading = read(text=text, entities=[endless, fine])
        assert isinstance(reading, Pictures)
        assert [job.id for job in reading.jobs] == ["11-1"]

    @pytest.mark.parametrize(
        ("name", "sentence"),
        [
            ("/start", texts.START),
            ("/help", texts.HELP),
            ("/privacy", texts.PRIVACY),
            ("/HELP", texts.HELP),
            (f"/help@{BOT_NAME}", texts.HELP),
            ("/unknown", texts.NO_LINK),
        ],
    )
    def test_commands_are_answered(self, name: str, sentence: str) -> None:
        assert read(**command(f"{name} and more", name)) == Sentence(sentence)

    def test_a_command_for_another_bot_or_within_a_text_is_none(self) -> None:
        assert read(**command("/start@other_bot", "/start@other_bot")) == Sentence(texts.NO_LINK)
        assert read(**command("try /start", "/start")) == Sentence(texts.NO_LINK)

    def test_text_without_a_link_gets_a_hint(self) -> None:
        assert read(text="hello") == Sentence(texts.NO_LINK)

    @pytest.mark.parametrize(
        "fields",
        [
            {"document": {"file_id": "d", "file_unique_id": "d", "mime_type": "text/plain"}},
            {"voice": {"file_id": "v", "file_unique_id": "v", "duration": 1}},
            {"location": {"latitude": 1.0, "longitude": 1.0}},
        ],
    )
    def test_what_holds_no_picture_gets_a_sentence(self, fields: dict[str, Any]) -> None:
        assert read(**fields) == Sentence(texts.NOT_A_PICTURE)

    def test_a_file_too_large_for_bots_gets_a_sentence(self) -> None:
        assert read(photo=[PHOTO[0] | {"file_size": 30_000_000}]) == Sentence(texts.TOO_LARGE)

    def test_a_tapped_button_is_acknowledged(self) -> None:
        tap = {"id": "1", "from": PERSON, "chat_instance": "x", "data": "old"}
        assert read(raw={"callback_query": tap}) == Tap()

    @pytest.mark.parametrize(
        "raw",
        [
            {"edited_message": message(photo=PHOTO)},
            {"channel_post": message(photo=PHOTO)},
            {},
        ],
    )
    def test_edits_and_channels_are_left_alone(self, raw: dict[str, Any]) -> None:
        assert read(raw=raw) == Silence()


class TestInGroups:
    def test_only_what_is_meant_for_the_bot_is_answered(self) -> None:
        assert read(chat=GROUP, photo=PHOTO) == Silence()
        assert read(chat=GROUP, text="hello") == Silence()

    def test_a_photo_whose_caption_mentions_the_bot_becomes_a_job(self) -> None:
        caption = f"@{BOT_NAME.upper()} who is this?"
        mention = entity(caption, f"@{BOT_NAME.upper()}", "mention")
        reading = read(chat=GROUP, photo=PHOTO, caption=caption, caption_entities=[mention])
        assert isinstance(reading, Pictures)
        assert reading.jobs[0].chat_id == -100

    def test_mentioning_others_is_not_mentioning_the_bot(self) -> None:
        caption = "@somebody look"
        mention = entity(caption, "@somebody", "mention")
        assert read(chat=GROUP, photo=PHOTO, caption=caption, caption_entities=[mention]) == (
            Silence()
        )

    def test_a_photo_in_reply_to_the_bot_becomes_a_job(self) -> None:
        reply = message(chat=GROUP, text="...") | {"from": BOT}
        assert isinstance(read(chat=GROUP, photo=PHOTO, reply_to_message=reply), Pictures)

    def test_a_mention_without_a_picture_is_left_alone(self) -> None:
        reply = message(chat=GROUP, text="...") | {"from": BOT}
        assert read(chat=GROUP, text="thanks", reply_to_message=reply) == Silence()

    def test_a_command_addressed_to_the_bot_is_answered(self) -> None:
        text = f"/help@{BOT_NAME}"
        assert read(chat=GROUP, **command(text, text)) == Sentence(texts.HELP)
        assert read(chat=GROUP, **command("/help", "/help")) == Silence()

    def test_the_answer_goes_to_the_topic_of_the_question(self) -> None:
        reply = message(chat=GROUP, text="...") | {"from": BOT}
        topic = {"message_thread_id": 33, "is_topic_message": True, "reply_to_message": reply}
        reading = read(chat=GROUP, photo=PHOTO, **topic)
        assert isinstance(reading, Pictures)
        assert reading.jobs[0].message_thread_id == 33
        no_topic = read(chat=GROUP, photo=PHOTO, message_thread_id=33, reply_to_message=reply)
        assert isinstance(no_topic, Pictures)
        assert no_topic.jobs[0].message_thread_id is None

    def test_who_writes_in_the_name_of_the_group_counts_as_the_group(self) -> None:
        raw = message(chat=GROUP, photo=PHOTO)
        raw["reply_to_message"] = message(chat=GROUP, text="...") | {"from": BOT}
        raw["from"] = {"id": 1087968824, "is_bot": True, "first_name": "Group"}
        raw["sender_chat"] = GROUP
        reading = read(raw={"message": raw})
        assert isinstance(reading, Pictures)
        assert (reading.jobs[0].user_id, reading.jobs[0].language) == (-100, "en")
        del raw["from"], raw["sender_chat"]
        assert self.group_job(raw).user_id == -100

    def group_job(self, raw: dict[str, Any]) -> Job:
        reading = read(raw={"message": raw})
        assert isinstance(reading, Pictures)
        return reading.jobs[0]


class TestWithAllowedUsers:
    def test_strangers_get_one_sentence_in_private_and_none_in_groups(self) -> None:
        reader = replace(READER, allowed_users=frozenset({8}))
        reply = message(chat=GROUP, text="...") | {"from": BOT}
        private = update(photo=PHOTO, chat=PRIVATE)
        group = update(photo=PHOTO, chat=GROUP, reply_to_message=reply)
        assert reader.read(private, now=NOON) == Sentence(texts.NOT_ALLOWED)
        assert reader.read(group, now=NOON) == Silence()

    def test_the_others_are_served(self) -> None:
        reader = replace(READER, allowed_users=frozenset({7}))
        assert isinstance(reader.read(update(photo=PHOTO), now=NOON), Pictures)


def test_an_update_that_breaks_the_reader_is_answered_and_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    text = "hi"
    broken: Update = update(text=text, entities=[entity(text, "hi", "bot_command")])
    reader = replace(READER, username=None)  # type: ignore[arg-type]
    group = update(3, chat=GROUP, **command("/x@y", "/x@y"))
    with caplog.at_level(logging.ERROR):
        assert reader.read(group, now=NOON) == reader.read(group, now=NOON)
        assert isinstance(reader.read(broken, now=NOON), Sentence)
    assert "could not be read" in caplog.text
