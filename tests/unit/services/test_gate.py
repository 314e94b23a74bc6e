import threading

import pytest

from services.gate import Gate
from utils.errors import Busy


def test_who_comes_when_all_places_are_taken_is_refused_at_once():
    gate = Gate(1, name="the test", retry_after_s=3)
    with gate.place(), pytest.raises(Busy) as refusal, gate.place():
        pytest.fail("two are in")
    assert refusal.value.retry_after_s == 3
    assert "the test" in str(refusal.value)


def test_a_place_is_free_again_after_a_failure():
    gate = Gate(1, name="the test")
    with pytest.raises(ValueError, match="inside"), gate.place():
        raise ValueError("inside")
    with gate.place():
        pass


def test_who_waits_gets_the_place_that_is_given_back():
    gate = Gate(1, name="the test")
    got = threading.Event()

    def wait():
        with gate.place(wait=True):
            got.set()

    waiting = threading.Thread(target=wait)
    with gate.place():
        waiting.start()
        assert not got.is_set()
    waiting.join(10)
    assert got.is_set()
