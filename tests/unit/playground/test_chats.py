from __future__ import annotations

import pytest

from playground import chats
from playground.chats import MAX_MESSAGES, Chat


@pytest.fixture
def chat():
    return Chat(7, "Guest 1")


def test_each_change_has_a_higher_revision(chat):
    chat.add({"message_id": 1, "text": "a"}, "person")
    chat.add({"message_id": 2, "text": "b"}, "bot")
    chat.replace(chat.find(1), {"message_id": 1, "text": "c"})
    assert chat.revision == 3
    assert [view["message_id"] for view in chat.since(1)] == [1, 2]
    assert [view["message_id"] for view in chat.since(2)] == [1]
    assert chat.since(3) == []


def test_a_view_counts_edits(chat):
    chat.add({"message_id": 1, "text": "a"}, "bot")
    for text in "bc":
        chat.replace(chat.find(1), {"message_id": 1, "text": text})
    [view] = chat.since(0)
    assert (view["edits"], view["message"]["text"], view["deleted"]) == (2, "c", False)


def test_a_deleted_message_is_shown_as_gone_and_cannot_be_found(chat):
    chat.add({"message_id": 1, "text": "a"}, "bot")
    chat.replace(chat.find(1), None)
    [view] = chat.since(1)
    assert (view["deleted"], view["message"]) == (True, None)
    assert chat.find(1) is None


def test_the_oldest_messages_leave(chat):
    for message_id in range(1, MAX_MESSAGES + 3):
        chat.add({"message_id": message_id}, "person")
    assert chat.find(2) is None
    assert chat.find(3) is not None
    assert chat.message_count == MAX_MESSAGES


def test_an_action_lasts_five_seconds(chat, monkeypatch):
    now = 100.0
    monkeypatch.setattr(chats.time, "monotonic", lambda: now)
    chat.show_action("typing")
    assert chat.action() == "typing"
    now = 105.1
    assert chat.action() is None


def test_an_answer_ends_an_action(chat):
    chat.show_action("typing")
    chat.add({"message_id": 1}, "person")
    assert chat.action() == "typing"
    chat.add({"message_id": 2}, "bot")
    assert chat.action() is None


def test_an_edit_ends_an_action(chat):
    chat.add({"message_id": 1}, "bot")
    chat.show_action("typing")
    chat.replace(chat.find(1), {"message_id": 1, "text": "b"})
    assert chat.action() is None
