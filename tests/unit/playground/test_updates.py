from __future__ import annotations

import threading
import time

import pytest

from playground.errors import Conflict, PersonRefused
from playground.updates import (
    MAX_PENDING,
    OTHER_POLLER,
    WEBHOOK_ACTIVE,
    WEBHOOK_SET,
    UpdateQueue,
    Webhook,
)

HOOK = Webhook("http://127.0.0.1:9/hook")


def ids(updates):
    return [update["update_id"] for update in updates]


def in_thread(work):
    outcome = []

    def run():
        try:
            outcome.append(work())
        except Conflict as error:
            outcome.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, outcome


def until_polling(queue):
    deadline = time.monotonic() + 5
    while not queue._polling and time.monotonic() < deadline:
        time.sleep(0.005)


def test_updates_come_in_order_with_growing_ids():
    queue = UpdateQueue()
    made = [queue.put("message", {"n": n}) for n in range(3)]
    updates = queue.poll(0, 100, 0)
    assert ids(updates) == made
    assert [update["message"]["n"] for update in updates] == [0, 1, 2]


def test_an_update_stays_until_a_higher_offset_confirms_it():
    queue = UpdateQueue()
    first, second = queue.put("message", {}), queue.put("message", {})
    assert ids(queue.poll(0, 100, 0)) == [first, second]
    assert ids(queue.poll(first, 100, 0)) == [first, second]
    assert ids(queue.poll(second, 100, 0)) == [second]
    assert ids(queue.poll(0, 100, 0)) == [second]
    assert queue.pending == 1


def test_a_negative_offset_keeps_only_the_newest():
    queue = UpdateQueue()
    made = [queue.put("message", {}) for _ in range(5)]
    assert ids(queue.poll(-2, 100, 0)) == made[-2:]
    assert queue.pending == 2


def test_the_offset_of_another_run_confirms_nothing():
    queue = UpdateQueue()
    made = queue.put("message", {})
    assert ids(queue.poll(made + 1_000_000, 100, 0)) == [made]


def test_a_limit_is_kept():
    queue = UpdateQueue()
    made = [queue.put("message", {}) for _ in range(3)]
    assert ids(queue.poll(0, 2, 0)) == made[:2]


def test_a_waiting_poll_gets_the_update_at_once():
    queue = UpdateQueue()
    thread, outcome = in_thread(lambda: queue.poll(0, 100, 10))
    until_polling(queue)
    started = time.monotonic()
    made = queue.put("message", {})
    thread.join(5)
    assert ids(outcome[0]) == [made]
    assert time.monotonic() - started < 2


def test_a_poll_without_updates_ends_after_its_timeout():
    started = time.monotonic()
    assert UpdateQueue().poll(0, 100, 0.05) == []
    assert time.monotonic() - started >= 0.05


def test_the_older_of_two_pollers_is_told_of_the_other():
    queue = UpdateQueue()
    thread, outcome = in_thread(lambda: queue.poll(0, 100, 10))
    until_polling(queue)
    assert queue.poll(0, 100, 0) == []
    thread.join(5)
    assert outcome[0].description == f"Conflict: {OTHER_POLLER}"


def test_no_polling_while_a_webhook_is_set():
    queue = UpdateQueue()
    queue.set_webhook(HOOK, drop_pending=False)
    with pytest.raises(Conflict) as caught:
        queue.poll(0, 100, 0)
    assert caught.value.description == f"Conflict: {WEBHOOK_ACTIVE}"


def test_setting_a_webhook_ends_a_waiting_poll():
    queue = UpdateQueue()
    thread, outcome = in_thread(lambda: queue.poll(0, 100, 10))
    until_polling(queue)
    assert queue.set_webhook(HOOK, drop_pending=False)
    thread.join(5)
    assert outcome[0].description == f"Conflict: {WEBHOOK_SET}"


def test_pending_updates_can_be_dropped():
    queue = UpdateQueue()
    queue.put("message", {})
    assert not queue.set_webhook(Webhook(), drop_pending=True)
    assert queue.pending == 0


def test_kinds_that_the_bot_did_not_ask_for_are_not_kept():
    queue = UpdateQueue()
    queue.allowed = ("callback_query",)
    assert queue.put("message", {}) is None
    assert queue.put("callback_query", {}) is not None


def test_a_full_queue_refuses_out_loud():
    queue = UpdateQueue()
    queue.check_room(MAX_PENDING)
    queue.put("message", {})
    with pytest.raises(PersonRefused) as caught:
        queue.check_room(MAX_PENDING)
    assert (caught.value.status, caught.value.code) == (503, "bot_away")


def test_a_bot_is_online_while_it_polls_and_shortly_after():
    queue = UpdateQueue()
    assert not queue.online
    thread, _ = in_thread(lambda: queue.poll(0, 100, 10))
    until_polling(queue)
    assert queue.online
    queue.close()
    thread.join(5)
    assert queue.online


def test_closing_lets_a_waiting_poll_go():
    queue = UpdateQueue()
    thread, outcome = in_thread(lambda: queue.poll(0, 100, 30))
    until_polling(queue)
    queue.close()
    thread.join(2)
    assert outcome == [[]]
