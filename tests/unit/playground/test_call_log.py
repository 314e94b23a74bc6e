from __future__ import annotations

from playground.call_log import MAX_CALLS, CallLog


def test_calls_are_numbered_and_can_be_read_on():
    log = CallLog()
    log.note("getme", 200, 0)
    log.note("sendmessage", 400, 5, "Bad Request: chat not found")
    assert [call["number"] for call in log.after(0)] == [1, 2]
    assert log.after(1) == [
        {
            "number": 2,
            "method": "sendmessage",
            "status": 400,
            "chat_id": 5,
            "description": "Bad Request: chat not found",
        }
    ]


def test_the_log_is_bounded():
    log = CallLog()
    for _ in range(MAX_CALLS + 5):
        log.note("getme", 200, 0)
    calls = log.after(0)
    assert (len(calls), calls[0]["number"]) == (MAX_CALLS, 6)
