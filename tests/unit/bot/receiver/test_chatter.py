from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

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


def test_many_threads_at_once_get_no_more_than_one_would() -> None:
    chatter = Chatter(clock=Clock(), max_chats=3)
    with ThreadPoolExecutor(8) as pool:
        allowed = list(pool.map(lambda i: chatter.allows(i % 3), range(600)))
        # More chats than are remembered push each other out all the time: none of it may raise.
        list(pool.map(lambda i: (chatter.allows(i % 7), chatter.is_news(i % 7)), range(2000)))
    assert sum(allowed) == 60
