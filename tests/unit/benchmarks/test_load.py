from __future__ import annotations

import pytest

from benchmarks.load import Ask, Client, RequestFailed, drive, percentile, window
from tests.service_processes import upstream


def test_percentiles_are_values_that_were_seen() -> None:
    values = [5.0, 1.0, 4.0, 2.0, 3.0]
    assert percentile(values, 50) == 3
    assert percentile(values, 99) == 5
    assert percentile(values, 20) == 1
    assert percentile([7.0], 1) == 7


def test_a_window_runs_from_answer_to_answer() -> None:
    answers = [(1.0, 0.5), (2.0, 0.5), (4.0, 0.25), (6.0, 0.75), (7.0, 0.5)]
    seen = window(answers, before=2, inside=4)
    assert seen.seconds == 4
    assert seen.latencies_ms == [250, 750]
    assert seen.per_s == 0.5
    assert seen.answers_in_all == 5


def test_clients_count_what_is_answered(tmp_path_factory: pytest.TempPathFactory) -> None:
    with upstream(tmp_path_factory.mktemp("n") / "s") as played:
        ask = Ask(played.socket, "/v1/faces", b"a photo", "image/jpeg")
        seen = drive(ask, at_once=3, seconds=0.0, least=20)
    assert len(seen.latencies_ms) >= 20
    assert len(played.seen) == seen.answers_in_all
    method, path, headers, body = played.seen[0]
    assert (method, path, headers["Accept"], body) == (
        "POST",
        "/v1/faces",
        "image/jpeg",
        b"a photo",
    )


def test_a_long_answer_is_read_to_its_end(tmp_path_factory: pytest.TempPathFactory) -> None:
    with upstream(tmp_path_factory.mktemp("n") / "s") as played:
        played.reply = (200, {}, b"x" * 3_000_000)
        with Client(Ask(played.socket, "/", b"")) as client:
            assert client.ask() == client.ask() == 3_000_000


def test_an_answer_that_is_no_success_is_no_measurement(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with upstream(tmp_path_factory.mktemp("n") / "s") as played:
        played.reply = (503, {}, b"busy")
        with pytest.raises(RequestFailed, match="503"):
            drive(Ask(played.socket, "/", b""), at_once=2, seconds=5.0)


def test_nobody_there_is_no_measurement() -> None:
    with pytest.raises(RequestFailed):
        drive(Ask("/nowhere", "/", b""), at_once=1, seconds=5.0)
