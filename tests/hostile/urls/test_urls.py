"""Every hostile URL ends as it should, in its time, and is written down and counted once."""

from __future__ import annotations

import re
import socket
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.hostile.memory import workers
from tests.hostile.urls import REACHED, Tried, catalogue, crowds, every, namespace, opened, peak_mb
from tests.hostile.urls.case import ANSWERED, PUBLIC
from tests.hostile.urls.service import Internet
from tests.hostile.urls.stage import stage

GROUPS = sorted({case.group for case in catalogue.everything()})
_COUNTED = re.compile(r'^semblance_fetch_refusals_total\{reason="(\w+)"\} (\d+)', re.MULTILINE)
# Who finds no place at the route has not come as far as a fetch.
_BUSY = re.compile(r'^semblance_photos_total\{.*outcome="busy".*\} (\d+)', re.MULTILINE)
_LINE = re.compile(r" ([0-9a-f]{32}) .* code=(\w+) reason=(\w+)")


@dataclass(frozen=True)
class Day:
    """What a service did with all of them."""

    tried: list[Tried]
    log: str
    counted: Counter[str]
    inside: int
    outside: int
    same_workers: bool


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Day:
    with opened(tmp_path_factory.mktemp("urls")) as door:
        before = workers(door.service)
        tried = list(every(door))
        metrics = door.service.call("GET", "/metrics").body.decode()
        return Day(
            tried,
            door.service.log,
            _counted(metrics),
            door.connections(REACHED),
            door.connections("public"),
            workers(door.service) == before,
        )


def _counted(metrics: str) -> Counter[str]:
    counted = Counter({reason: int(number) for reason, number in _COUNTED.findall(metrics)})
    busy = sum(map(int, _BUSY.findall(metrics)))
    # One of them was refused for memory in its fetch.
    return counted + Counter(busy=busy - counted["memory"])


@pytest.mark.parametrize("group", GROUPS)
def test_hostile_urls_end_as_they_should(group: str, day: Day) -> None:
    bad = [each.outcome for each in day.tried if each.case.group == group and not each.outcome.good]
    assert not bad


def test_there_are_many_and_no_two_are_the_same(day: Day) -> None:
    assert len(day.tried) >= 180
    assert len({(each.case.group, each.case.name) for each in day.tried}) == len(day.tried)
    hosts = [host for case in catalogue.everything() for host in case.names]
    assert len(set(hosts)) == len(hosts)


def test_nobody_inside_was_asked_and_no_worker_was_lost(day: Day) -> None:
    assert day.inside == 0
    assert day.outside > 100
    assert day.same_workers
    assert "nobody foresaw" not in day.log


def test_each_refusal_is_one_line_with_its_reason(day: Day) -> None:
    lines: dict[str, list[tuple[str, str]]] = {}
    for request_id, code, reason in _LINE.findall(day.log):
        lines.setdefault(request_id, []).append((code, reason))
    for each in day.tried:
        if each.outcome.found == ANSWERED:
            assert each.request_id not in lines
            continue
        ((code, reason),) = lines[each.request_id]
        assert code == each.case.expected, each.case.name
        assert reason != code or reason == "busy", each.case.name
        if each.case.reason:
            assert reason == each.case.reason, each.case.name


def test_each_refusal_is_counted_once_by_its_reason(day: Day) -> None:
    assert day.counted == Counter(reason for _, _, reason in _LINE.findall(day.log))
    refused = [each.outcome for each in day.tried if each.outcome.found != ANSWERED]
    assert day.counted.total() == len(refused)


def test_the_log_tells_no_url(day: Day) -> None:
    assert ".example" not in day.log
    assert PUBLIC not in day.log


def test_the_process_grows_by_less_than_200_mb(day: Day) -> None:
    grown = peak_mb()
    assert grown is not None
    # The crowd of large ones has to be in it, or nothing was measured.
    assert 50 < grown <= 200


def test_a_connection_to_the_inside_would_be_found_out(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    with stage({}) as port:
        internet = Internet(port, notes)
        for place in (("10.0.0.1", 80), ("::1", 80), (PUBLIC, 6379)):
            with pytest.raises(ConnectionRefusedError):
                internet.connect(place, 1)
        internet.connect((PUBLIC, 80), 1).close()
        with socket.socket() as line:
            internet.audit("socket.connect", (line, ("127.0.0.1", 80)))
            internet.audit("socket.connect", (line, ("127.0.0.1", port)))
    lines = notes.read_text().splitlines()
    assert [line.split()[0] for line in lines] == [REACHED] * 3 + ["public", REACHED]


def test_every_crowd_is_as_large_as_it_may_be() -> None:
    assert [len(crowd.first) for crowd in crowds.crowds()] == [8, 4, 32, 5]


def test_in_a_network_of_their_own_real_addresses_end_as_they_should() -> None:
    if lacking := namespace.missing():
        pytest.skip(lacking)
    tried = list(namespace.outcomes())
    assert len(tried) > 60
    assert not [each for each in tried if not each.good]


@pytest.mark.parametrize(
    ("wall", "who"),
    [("is_public", "nobody inside was asked"), ("is_our_own", "nobody here was asked")],
)
def test_without_a_wall_that_network_shows_who_was_asked(wall: str, who: str) -> None:
    if lacking := namespace.missing():
        pytest.skip(lacking)
    found = {each.name: each.found for each in namespace.outcomes(without=wall)}
    assert found[who] == REACHED
