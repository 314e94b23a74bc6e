import threading

import pytest

from services.app_url.turns import Turns
from utils.errors import TooManyRequests


def test_each_has_turns_of_its_own():
    turns = Turns(1, reason="user_at_limit", wait_s=0)
    with (
        turns.turn("a"),
        turns.turn("b"),
        pytest.raises(TooManyRequests) as refusal,
        turns.turn("a"),
    ):
        pass
    assert refusal.value.reason == "user_at_limit"
    with turns.turn("a"):
        pass


def test_who_comes_too_soon_waits_a_moment():
    turns, inside = Turns(1, reason="x", wait_s=10), threading.Event()

    def first():
        with turns.turn("a"):
            inside.set()
            done.wait(0.1)

    done = threading.Event()
    thread = threading.Thread(target=first)
    thread.start()
    inside.wait(10)
    with turns.turn("a"):
        thread.join()


def test_nobody_is_remembered():
    turns = Turns(2, reason="x")
    with pytest.raises(ValueError, match="broken"), turns.turn("a"):
        raise ValueError("broken")
    assert not turns._taken
