from __future__ import annotations

import threading
import time

from playground import state
from playground.state import Playground


def test_people_are_guests_with_numbers(playground: Playground):
    assert playground.open_chat(5).first_name == "Guest 1"
    assert playground.open_chat(6).first_name == "Guest 2"
    assert playground.open_chat(5).first_name == "Guest 1"


def test_a_waiting_reader_sees_a_change_at_once(playground: Playground):
    seen = []
    reader = threading.Thread(target=lambda: seen.append(playground.changes(5, 0, 10)))
    reader.start()
    started = time.monotonic()
    playground.write(playground.open_chat(5), [{"text": "a"}])
    reader.join(5)
    assert time.monotonic() - started < 2
    assert seen[0]["revision"] == 1
    assert seen[0]["messages"][0]["message"]["text"] == "a"


def test_a_reader_of_an_unknown_chat_waits_and_makes_none(playground: Playground):
    assert playground.changes(5, 0, 0.05)["messages"] == []
    assert playground.chat(5) is None


def test_a_revision_of_an_earlier_run_gets_everything(playground: Playground):
    playground.write(playground.open_chat(5), [{"text": "a"}])
    answer = playground.changes(5, 99, 10)
    assert (answer["revision"], len(answer["messages"])) == (1, 1)


def test_closing_lets_readers_go(playground: Playground):
    reader = threading.Thread(target=lambda: playground.changes(5, 0, 30))
    reader.start()
    playground.close()
    reader.join(2)
    assert not reader.is_alive()


def test_the_chat_used_least_recently_leaves_when_memory_is_short(
    playground: Playground, monkeypatch
):
    monkeypatch.setattr(state, "MAX_MESSAGES", 3)
    for chat_id in (5, 6, 5, 7):
        playground.write(playground.open_chat(chat_id), [{"text": "a"}])
    assert playground.chat(6) is None
    assert playground.chat(5) is not None
    assert playground.chat(7) is not None


def test_an_edit_of_a_message_deleted_meanwhile_changes_nothing(playground: Playground):
    chat = playground.open_chat(5)
    message = playground.send(chat, {"text": "a"}, None)
    entry = chat.find(message["message_id"])
    playground.delete(chat, entry)
    assert playground.edit(chat, entry, {"text": "b"}) is None
    assert entry.message is None


def test_only_the_newest_unanswered_presses_are_remembered(playground: Playground):
    chat = playground.open_chat(5)
    for _ in range(1001):
        playground.press(chat, {"message_id": 1}, "x")
    updates = playground.updates.poll(0, 2, 0)
    first, second = (update["callback_query"]["id"] for update in updates)
    assert not playground.answer_query(first)
    assert playground.answer_query(second)
    assert not playground.answer_query(second)
