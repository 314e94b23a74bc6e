"""What looks for traces finds them; otherwise it would prove nothing."""

from __future__ import annotations

import base64
import os
import time
from pathlib import Path

import psutil
import pytest

from tests.traces import Traces, Watch, files_below, open_files

PICTURE = os.urandom(20_000)


@pytest.fixture
def traces():
    traces = Traces()
    traces.add_bytes("picture", PICTURE)
    traces.add_word("name", "Mr Nobody")
    return traces


@pytest.mark.parametrize("before", range(5))
def test_a_part_of_a_picture_is_found_wherever_it_stands(traces, before):
    part = os.urandom(before) + PICTURE[5_000:7_000] + os.urandom(7)
    assert traces.found_in(part) == {"picture"}
    assert traces.found_in(base64.b64encode(part)) == {"picture in base64"}


def test_a_word_is_found_and_what_is_not_there_is_not(traces):
    assert traces.found_in(b"x" * 5 + b"Mr Nobody") == {"name"}
    assert traces.found_in(b"Mr Nobod") == set()
    assert traces.found_in(b"") == set()
    assert traces.found_in(os.urandom(1_000_000)) == set()


def test_files_are_read_from_a_time_on(traces, tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "old").write_bytes(PICTURE)
    os.utime(tmp_path / "deep" / "old", (1, 1))
    (tmp_path / "deep" / "new").write_bytes(b"for Mr Nobody")
    (tmp_path / "pipe").symlink_to("/dev/zero")
    assert traces.found_among(files_below(tmp_path, since=2)) == [f"name: {tmp_path}/deep/new"]
    assert len(traces.found_among(files_below(tmp_path))) == 2


def test_what_lies_across_the_parts_of_a_large_file_is_found(traces, tmp_path, monkeypatch):
    monkeypatch.setattr("tests.traces._PART_BYTES", 4096)
    for before in range(4090, 4097):
        (tmp_path / "large").write_bytes(b"." * before + b"Mr Nobody" + b"." * 9000)
        assert len(traces.found_among(files_below(tmp_path))) == 1


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs /proc, which Linux has")
def test_a_file_that_was_deleted_while_open_is_found(traces, tmp_path):
    us = psutil.Process()
    with Watch(traces, [us]) as watch, (tmp_path / "spooled").open("w+b") as file:
        (tmp_path / "spooled").unlink()
        file.write(PICTURE)
        file.flush()
        assert traces.found_among(open_files([us]))
        deadline = time.monotonic() + 10
        while not watch.found and time.monotonic() < deadline:
            time.sleep(0.02)
    assert watch.found == {f"picture: {tmp_path}/spooled (deleted)"}
