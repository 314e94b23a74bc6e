from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from services.nonces import Nonces
from utils.errors import NotSigned
from utils.signature import Signed


def of(number: int, until: float = 100.0) -> Signed:
    return Signed(number.to_bytes(16, "little"), until)


def is_replay(nonces: Nonces, signed: Signed) -> bool:
    try:
        with nonces.held(signed):
            return False
    except NotSigned as refused:
        return refused.reason == "replayed"


@pytest.fixture
def nonces() -> Nonces:
    return Nonces(clock=lambda: 0.0)


@contextmanager
def child(work: Callable[[], int]) -> Iterator[int]:
    """A forked process that ends with what `work` returns; its pid. Killed with the block."""
    pid = os.fork()
    if pid == 0:
        os._exit(work())
    try:
        yield pid
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def ended(work: Callable[[], int]) -> int:
    pid = os.fork()
    if pid == 0:
        os._exit(work())
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_a_nonce_is_taken_once(nonces: Nonces) -> None:
    assert not is_replay(nonces, of(1))
    assert not is_replay(nonces, of(2))
    assert is_replay(nonces, of(1))


def test_also_while_its_job_is_under_way(nonces: Nonces) -> None:
    with nonces.held(of(1)):
        assert is_replay(nonces, of(1))


def test_a_job_that_failed_has_used_it_too(nonces: Nonces) -> None:
    with pytest.raises(ZeroDivisionError), nonces.held(of(1)):
        raise ZeroDivisionError
    assert is_replay(nonces, of(1))


def test_it_is_forgotten_when_its_signature_has_ended_anyway() -> None:
    now = [0.0]
    nonces = Nonces(clock=lambda: now[0])
    assert not is_replay(nonces, of(1))
    now[0] = 100.0
    assert is_replay(nonces, of(1))
    now[0] = 100.5
    assert not is_replay(nonces, of(1))


def test_one_worker_knows_what_another_took(nonces: Nonces) -> None:
    assert ended(lambda: int(is_replay(nonces, of(1)))) == 0
    assert is_replay(nonces, of(1))
    assert ended(lambda: int(is_replay(nonces, of(1)))) == 1


def test_what_a_killed_worker_held_may_be_taken_again_and_what_it_answered_may_not(
    nonces: Nonces,
) -> None:
    holding, waiting = os.pipe()

    def work() -> int:
        is_replay(nonces, of(1))
        with nonces.held(of(2)):
            os.write(waiting, b"x")
            signal.pause()
        return 0

    with child(work) as pid:
        os.read(holding, 1)
        assert is_replay(nonces, of(2))
        os.kill(pid, signal.SIGKILL)
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        # Nobody has collected it yet: a process that died is dead for all that.
        assert not is_replay(nonces, of(2))
        assert is_replay(nonces, of(2))
        assert is_replay(nonces, of(1))
    os.close(holding)
    os.close(waiting)


def test_of_many_at_the_same_moment_one_gets_it(nonces: Nonces) -> None:
    taken: list[bool] = []
    start = threading.Barrier(8)

    def take() -> None:
        start.wait()
        taken.append(not is_replay(nonces, of(7)))

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == [False] * 7 + [True]


def test_a_full_table_forgets_what_ends_first_and_goes_on() -> None:
    nonces = Nonces(clock=lambda: 0.0)
    # All in one bucket, which has 16 places.
    crowd = [
        Signed(bytes(4) + number.to_bytes(12, "little"), 100.0 + number) for number in range(1, 41)
    ]
    assert not any(is_replay(nonces, signed) for signed in crowd)
    assert all(is_replay(nonces, signed) for signed in crowd[-16:])
    assert not is_replay(nonces, crowd[0])
