import threading
from contextlib import contextmanager

import gevent
import pytest
from gevent import monkey

from services.inference import JOBS_PER_SLOT, LINE_PER_SLOT, Inference, InPlace
from services.native_threads import NativeThreads
from tests.fakes_services import JPEG, FakeEngine
from utils.errors import Busy, NotAnImage


@pytest.fixture(params=[InPlace, NativeThreads])
def slots(request):
    return request.param(2)


def test_a_task_gives_its_value_back(slots):
    assert slots.run(lambda: 42) == 42


def test_a_failing_task_raises_its_own_error_and_prints_nothing(slots, capfd):
    def fail():
        raise NotAnImage("no news")

    with pytest.raises(NotAnImage, match="no news"):
        slots.run(fail)
    assert capfd.readouterr().err == ""


def test_native_threads_leave_the_hub_free():
    native = monkey.get_original("threading", "get_ident")
    elsewhere = NativeThreads(1).run(native)
    assert elsewhere != native()


def test_greenlets_go_on_while_a_native_thread_works():
    seen_by_a_greenlet = monkey.get_original("threading", "Event")()
    gevent.spawn(seen_by_a_greenlet.set)
    # Would this thread hold the hub, the greenlet could not set what it waits for.
    assert NativeThreads(1).run(lambda: seen_by_a_greenlet.wait(10))


def test_it_is_ready_only_after_the_warm_up():
    engine = FakeEngine()
    inference = Inference(engine, 1)
    assert not inference.ready
    inference.warm_up()
    assert inference.ready
    assert engine.warmed_up


def test_it_runs_in_place_without_gevent_and_beside_the_hub_with_it():
    inference = Inference(FakeEngine(), 1)
    expected = NativeThreads if monkey.is_module_patched("threading") else InPlace
    assert type(inference._slots) is expected


class Held:
    """Slots in which every task waits until `go_on`; `entered` counts those that came."""

    def __init__(self):
        self.entered, self.go_on = threading.Semaphore(0), threading.Event()

    def run(self, task):
        self.entered.release()
        assert self.go_on.wait(10)
        return task()


@contextmanager
def crowd(inference, act, size):
    """So many threads that hold a place of the line, for the length of the block."""
    held = inference._slots = Held()
    threads = [threading.Thread(target=act, args=(JPEG,)) for _ in range(size)]
    for each in threads:
        each.start()
        held.entered.acquire(timeout=10)
    try:
        yield
    finally:
        held.go_on.set()
        for each in threads:
            each.join()


def test_a_full_line_refuses_and_tells_when_to_come_again():
    engine = FakeEngine()
    inference = Inference(engine, 1)
    with crowd(inference, inference.analyze, 1 + LINE_PER_SLOT), pytest.raises(Busy):
        inference.annotate(JPEG, "chat")
    assert len(engine.seen) == 1 + LINE_PER_SLOT
    assert inference.annotate(JPEG, "chat").picture.data == b"as chat"


@pytest.mark.parametrize("act", ["analyze", "annotate_job"])
def test_what_a_header_refuses_takes_no_place_in_the_line(act):
    inference = Inference(FakeEngine(refused=frozenset({b"a bomb"})), 1)
    with (
        crowd(inference, inference.analyze, 1 + LINE_PER_SLOT),
        crowd(inference, inference.annotate_job, 1 + JOBS_PER_SLOT),
        pytest.raises(NotAnImage),
    ):
        getattr(inference, act)(b"a bomb")


def test_jobs_take_no_place_from_those_who_have_no_queue_to_wait_in():
    engine = FakeEngine()
    inference = Inference(engine, 1)
    inference.require_room()
    with crowd(inference, inference.annotate_job, 1 + JOBS_PER_SLOT):
        held = inference._slots
        with pytest.raises(Busy):
            inference.require_room()
        asking = [
            threading.Thread(target=inference.analyze, args=(JPEG,))
            for _ in range(1 + LINE_PER_SLOT)
        ]
        for each in asking:
            each.start()
            assert held.entered.acquire(timeout=10)
        with pytest.raises(Busy):
            inference.analyze(JPEG)
    for each in asking:
        each.join()
    inference.require_room()
    assert len(engine.seen) == 2 + JOBS_PER_SLOT + LINE_PER_SLOT


def test_a_job_whose_picture_is_there_waits_for_its_turn():
    engine = FakeEngine()
    inference = Inference(engine, 1)
    with crowd(inference, inference.annotate_job, 1 + JOBS_PER_SLOT):
        late = threading.Thread(target=inference.annotate_job, args=(b"late",))
        late.start()
        assert b"late" not in engine.seen
    late.join()
    assert engine.seen.count(b"late") == 1
