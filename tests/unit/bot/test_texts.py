from __future__ import annotations

from typing import get_args

import pytest

from bot import texts
from bot.work_queue import Reason

SENTENCES = [
    value for name, value in vars(texts).items() if isinstance(value, str) and name.isupper()
]


def test_a_status_message_says_how_many_come_first() -> None:
    assert [texts.status(place) for place in (0, 1, 2)] == [
        "Looking at it ...",
        "1 picture ahead of you ...",
        "2 pictures ahead of you ...",
    ]


def test_nothing_claims_to_know_what_anybody_feels() -> None:
    for sentence in SENTENCES:
        assert "feel" not in sentence.lower()
        if "expression" in sentence:
            assert "apparent expression" in sentence


def test_start_says_what_happens_with_the_picture() -> None:
    for words in ("never stored", "never shown", "guess", "switch it off"):
        assert words in texts.START


def test_everything_fits_into_a_message_and_every_command_is_named_in_the_greeting() -> None:
    assert max(len(sentence) for sentence in SENTENCES) <= 4096
    assert all(f"/{name}" in texts.START for name, _ in texts.COMMANDS if name != "start")


def test_a_wait_is_told_in_seconds_or_minutes_and_never_too_short() -> None:
    waits = {0.2: "1 s", 12.1: "13 s", 59.9: "60 s", 60.0: "1 min", 61.0: "2 min", 3600: "60 min"}
    for seconds, words in waits.items():
        assert f"You can send more in {words}." in texts.refused("rate_user", seconds)


@pytest.mark.parametrize("reason", get_args(Reason))
def test_every_refusal_is_a_whole_sentence(reason: str) -> None:
    sentence = texts.refused(reason, 99)
    assert sentence.endswith(".")
    assert not set("{}") & set(sentence)
