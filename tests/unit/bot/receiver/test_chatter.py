from __future__ import annotations

from bot.receiver.chatter import Chatter
from tests.unit.bot.jobs import Clock


def test_twenty_at_once_and_then_one_every_three_seconds() -> None:
    clock = Clock()
    chatter = Chatter(clock=clock)
    assert [chatter.allows(7) for _ in range(25)] == [True] * 20 + [False] * 5
    assert chatter.allows(8)
    clock.pass_s(3)
    assert [chatter.allows(7) for _ in range(2)] == [True, False]


def test_a_refusal_is_news_once_a_minute() -> None:
    clock = Clock()
    chatter = Chatter(clock=clock)
    assert [chatter.is_news(7), chatter.is_news(7), chatter.is_news(8)] == [True, False, True]
    clock.pass_s(60)
    assert chatter.is_news(7)


def test_only_so_many_chats_are_remembered() -> None:
    chatter = Chatter(clock=Clock(), max_chats=100)
    for chat_id in range(10_000):
        chatter.allows(chat_id)
        chatter.is_news(chat_id)
    assert len(chatter._until) == len(chatter._noted) == 100
