from __future__ import annotations

import threading
from collections import Counter

import pytest

from benchmarks.hostile_requests import Hostile, hostile
from benchmarks.mixed import Good, Mix, Request, ask_badly, ask_well
from tests.fakes import FakeHttp, Reply, serving
from tests.fakes import Request as Asked

FACES, NO_FACES = Reply(body=b'{"faces": [1]}'), Reply(body=b'{"faces": []}')
LATER = Reply(503, b"{}", {"Retry-After": "0.01"})


def where(http: FakeHttp) -> str:
    return http.url.removeprefix("http://")


@pytest.mark.parametrize(
    ("replies", "answered", "failures", "came_back"),
    [
        ([FACES], 1, {}, 0),
        ([LATER, LATER, FACES], 1, {}, 2),
        ([NO_FACES], 0, {"200 without a face": 1}, 0),
        ([Reply(422)], 0, {"422": 1}, 0),
        ([Reply(drop=True)], 0, {"RemoteDisconnected": 1}, 0),
        ([LATER] * 20, 0, {"503": 1}, 20),
    ],
)
def test_of_a_good_request_the_last_answer_counts(
    replies: list[Reply], answered: int, failures: dict[str, int], came_back: int
) -> None:
    left = list(replies)
    with serving(lambda _: left.pop(0)) as http:
        mix = Mix(good=1, bad=0)
        seen = ask_well(where(http), "127.0.1.1", mix, [Request("/", "image/jpeg", b"x")] * 2)
    assert (len(seen.answers_ms), dict(seen.failures), seen.came_back) == (
        answered,
        failures,
        came_back,
    )
    assert seen.asked == 1


def test_hostile_ones_are_counted_by_class_and_answer() -> None:
    def refuse(_: Asked) -> Reply:
        return Reply(422)

    with serving(refuse) as http:
        case = Hostile("picture", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
        seen = ask_badly(where(http), "127.0.2.1", [case], Mix(good=0, bad=3))
    assert seen == Counter({"picture 422": 3})


def test_hostile_ones_keep_step_with_good_ones() -> None:
    mix = Mix(good=3, bad=3)
    made = [0]

    def attack() -> None:
        while mix.take_bad():
            made[0] += 1

    attacker = threading.Thread(target=attack)
    attacker.start()
    for step in range(3):
        attacker.join(0.05)
        assert made[0] <= step + 1
        assert mix.take_good()
    assert not mix.take_good()
    attacker.join(5)
    assert made[0] == 3


def test_every_class_comes_as_often_as_the_others() -> None:
    counts = Counter(case.name for case in hostile(b"\xff\xd8 a picture"))
    assert set(counts) == {"picture", "bomb", "url", "http"}
    assert len(set(counts.values())) == 1


def test_without_an_answer_there_are_no_percentiles() -> None:
    assert Good().figures()["p99_ms"] is None
