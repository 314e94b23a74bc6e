"""The checker must notice what it is there for."""

from __future__ import annotations

from typing import Any

import pytest

from bot import texts
from tests.chaos.ledger import Account, Due, Ledger

PHOTO = {"photo": [{"file_id": "x"}]}
STATUS, SORRY = {"text": texts.LOOKING}, {"text": "Sorry."}


def entry(message_id: int, content: dict[str, Any] | None, *, asked: int = 1) -> dict[str, Any]:
    message = None
    if content is not None:
        message = {"message_id": message_id, "reply_to_message": {"message_id": asked}, **content}
    return {
        "message_id": message_id,
        "sender": "bot",
        "deleted": message is None,
        "message": message,
    }


def account(due: Due, *entries: dict[str, Any]) -> Account:
    ledger = Ledger()
    ledger.sent("a", 1, due)
    for each in entries:
        ledger.read(each)
    return ledger.accounts["a"]


@pytest.mark.parametrize(
    ("due", "entries", "lost", "duplicated"),
    [
        ("picture", [], True, False),
        ("picture", [entry(2, STATUS)], True, False),
        ("picture", [entry(2, SORRY)], True, False),
        ("picture", [entry(2, STATUS), entry(2, PHOTO)], False, False),
        ("picture", [entry(2, PHOTO), entry(2, PHOTO)], False, False),
        ("picture", [entry(2, PHOTO), entry(3, PHOTO)], False, True),
        ("picture", [entry(2, PHOTO), entry(3, PHOTO), entry(3, None)], False, False),
        ("picture", [entry(2, PHOTO, asked=9)], True, False),
        ("sentence", [], True, False),
        ("sentence", [entry(2, STATUS)], True, False),
        ("sentence", [entry(2, STATUS), entry(2, SORRY)], False, False),
        ("sentence", [entry(2, SORRY), entry(3, SORRY)], False, True),
        ("sentence", [entry(2, SORRY), entry(3, PHOTO)], False, True),
        ("nothing", [], False, False),
        ("nothing", [entry(2, PHOTO)], False, False),
        ("nothing", [entry(2, PHOTO), entry(3, PHOTO)], False, True),
    ],
)
def test_what_came_is_held_against_what_was_due(
    due: Due, entries: list[dict[str, Any]], lost: bool, duplicated: bool
) -> None:
    found = account(due, *entries)
    assert (found.lost, found.duplicated) == (lost, duplicated)


def test_a_picture_and_an_apology_contradict_each_other() -> None:
    assert account("picture", entry(2, PHOTO), entry(3, {"text": texts.OUR_FAULT})).contradicted
    assert not account("picture", entry(2, PHOTO), entry(3, {"text": texts.MOVED})).contradicted
    assert not account("picture", entry(2, PHOTO), entry(3, STATUS)).contradicted


def test_whoever_is_asked_to_sends_again_once_and_only_without_a_picture() -> None:
    ledger = Ledger()
    for message_id, name in enumerate("ab", start=1):
        ledger.sent(name, message_id, "picture")
        ledger.read(entry(10 + message_id, {"text": texts.MOVED}, asked=message_id))
    ledger.read(entry(20, PHOTO, asked=2))
    assert ledger.to_send_again() == ["a"]
    ledger.sent("a", 3, "picture")
    assert ledger.to_send_again() == []
    assert ledger.waiting == 1
    assert ledger.read(entry(21, PHOTO, asked=3)) == "a"
    ledger.read(entry(22, PHOTO, asked=1))
    assert ledger.accounts["a"].duplicated


def test_where_the_bot_is_blocked_only_what_is_not_answered_is_given_up() -> None:
    ledger = Ledger()
    for message_id, name in enumerate("ab", start=1):
        ledger.sent(name, message_id, "picture")
    ledger.read(entry(10, PHOTO, asked=1))
    ledger.blocked()
    assert [each.due for each in ledger.accounts.values()] == ["picture", "nothing"]
    assert ledger.waiting == 0


def test_a_message_of_the_persons_own_is_no_answer() -> None:
    ledger = Ledger()
    ledger.sent("a", 1, "picture")
    own = entry(1, PHOTO) | {"sender": "person"}
    assert ledger.read(own) is None
    assert ledger.waiting == 1
