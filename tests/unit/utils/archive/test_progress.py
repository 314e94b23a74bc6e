from __future__ import annotations

import io

import pytest

from utils.archive.photos import Outcome
from utils.archive.progress import Progress, Tally, duration
from utils.errors import NotAnImage


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_rate_and_time_left_are_those_of_late() -> None:
    clock, tally = Clock(), Tally(before=500)
    progress = Progress(tally, lambda: 2000, io.StringIO(), clock=clock)
    for second in range(100):
        tally.analyzed += 1 if second < 60 else 10
        clock.now += 1
        progress.show()
    # 960 of 2,000; the last half minute made 10 a second.
    assert progress.line(clock.now) == "960 of 2,000  48%  10.0/s  1 min 44 s left"


def test_without_a_total_there_is_no_time_left() -> None:
    clock, tally = Clock(), Tally()
    progress = Progress(tally, lambda: None, io.StringIO(), clock=clock)
    tally.analyzed, tally.failed = 10, 2
    assert progress.line(clock.now + 2) == "12  6.0/s  2 failed"


def test_a_terminal_has_a_bar_that_makes_room() -> None:
    clock, tally, stream = Clock(), Tally(analyzed=1), Terminal()
    progress = Progress(tally, lambda: 2, stream, clock=clock)
    progress.show()
    assert stream.getvalue() == ""  # not yet
    clock.now += 1
    progress.show()
    assert stream.getvalue().startswith("\r\x1b[K[############............] 1 of 2  50%")
    progress.clear()
    progress.clear()
    assert stream.getvalue().count("\r\x1b[K") == 2


def test_elsewhere_a_line_comes_now_and_then() -> None:
    clock, tally, stream = Clock(), Tally(), io.StringIO()
    progress = Progress(tally, lambda: None, stream, clock=clock)
    for _ in range(100):
        clock.now += 0.25
        progress.show()
    assert len(stream.getvalue().splitlines()) == 2
    assert "\x1b" not in stream.getvalue()


def test_outcomes_are_told_apart() -> None:
    tally = Tally()
    tally.add(Outcome("a", {"photo": "a", "faces": []}))
    tally.add(Outcome("b", None))
    tally.add(Outcome.of_error("c", NotAnImage()))
    assert (tally.analyzed, tally.other, tally.failed, tally.settled) == (1, 1, 1, 3)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0 s"), (59, "59 s"), (60, "1 min 0 s"), (16140, "4 h 29 min"), (90000, "1 d 1 h")],
)
def test_a_duration_has_two_units(seconds: float, words: str) -> None:
    assert duration(seconds) == words
