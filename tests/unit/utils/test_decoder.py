"""Pictures are decoded elsewhere: what happens there stays there."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import psutil
import pytest
from PIL import Image

from tests.conftest import encoded
from utils.decoder import Decoders
from utils.errors import ImageBroken, Unavailable
from utils.headers import Header
from utils.settings import ROOT

PICTURE = np.arange(40 * 30 * 3, dtype=np.uint32).reshape(30, 40, 3).astype(np.uint8)
PNG, HEADER = encoded(PICTURE, "PNG"), Header("PNG", (40, 30))
# What the other side runs, with the function that a picture reaches written anew.
PROGRAM = """
import sys; sys.path[:] = sys.argv[1:]
import fcntl, os, signal, socket, subprocess, sys, threading, time
from utils import decoder_child
def to_srgb(picture):
    picture.load()
    {body}
    return picture
answer = decoder_child._answer
def answer_so(line):
    decoder_child.to_srgb = to_srgb
    answer(line)
decoder_child._answer = answer_so
{more}
decoder_child.serve()
"""


@contextmanager
def decoding(body: str = "pass", more: str = "", patience_s: float = 10.0) -> Iterator[Decoders]:
    decoders = Decoders(PROGRAM.format(body=body, more=more), patience_s)
    try:
        yield decoders
    finally:
        decoders.close()


@pytest.fixture
def decoders() -> Iterator[Decoders]:
    decoders = Decoders()
    yield decoders
    decoders.close()


def processes() -> list[psutil.Process]:
    return [
        child
        for child in psutil.Process().children()
        if child.status() != psutil.STATUS_ZOMBIE and "decoder_child" in " ".join(child.cmdline())
    ]


def test_a_picture_comes_back_as_its_pixels_and_one_process_serves_many(decoders: Decoders) -> None:
    before = len(processes())
    for _ in range(3):
        assert (decoders.decode(PNG, HEADER) == PICTURE).all()
    assert len(processes()) == before + 1
    decoders.close()
    assert len(processes()) == before


def test_what_is_damaged_costs_an_answer_and_no_process(decoders: Decoders) -> None:
    assert decoders.decode(PNG, HEADER).shape == (30, 40, 3)
    (process,) = processes()[-1:]
    for data, header, reason in (
        (PNG[:-40], HEADER, "damaged"),
        (PNG, Header("PNG", (9, 9)), "size_mismatch"),
    ):
        with pytest.raises(ImageBroken) as caught:
            decoders.decode(data, header)
        assert caught.value.reason == reason
    assert (decoders.decode(PNG, HEADER) == PICTURE).all()
    assert process in processes()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("os.abort()", "decoder_died"),
        ("signal.raise_signal(9)", "decoder_died"),
        ("os._exit(0)", "decoder_died"),
        ("bytearray(3_000_000_000)", "decoder_memory"),
        ("[os.dup(0) for _ in range(99)]", "damaged"),
    ],
)
def test_a_picture_that_breaks_its_decoder_costs_one_answer(body: str, reason: str) -> None:
    with decoding(f"picture.width == 40 and {body}") as decoders:
        with pytest.raises(ImageBroken) as caught:
            decoders.decode(PNG, HEADER)
        assert caught.value.reason == reason
        other = encoded(PICTURE[:, :20], "PNG")
        assert decoders.decode(other, Header("PNG", (20, 30))).shape == (30, 20, 3)


def test_a_picture_that_takes_for_ever_is_given_up() -> None:
    more = "decoder_child.TIME_S = 1"
    for body in ("time.sleep(60)", "while True: pass"):
        with decoding(body, more) as decoders:
            begun = time.monotonic()
            with pytest.raises(ImageBroken, match="decoder_slow") as caught:
                decoders.decode(PNG, HEADER)
            assert time.monotonic() - begun < 8
            assert "too long" in caught.value.public_sentence


def test_one_that_not_even_an_alarm_ends_is_killed() -> None:
    ignore = "signal.signal(signal.SIGALRM, signal.SIG_IGN)"
    before = len(processes())
    with (
        decoding(f"{ignore}; time.sleep(60)", patience_s=1.0) as decoders,
        pytest.raises(ImageBroken, match="decoder_slow"),
    ):
        decoders.decode(PNG, HEADER)
    assert len(processes()) == before


def test_the_other_side_knows_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEMBLANCE_SECRET", "nobody's business")
    tell = "raise decoder_child._Refused(','.join(os.environ) or 'nothing')"
    with decoding(tell) as decoders, pytest.raises(ImageBroken) as caught:
        decoders.decode(PNG, HEADER)
    assert set(caught.value.reason.split(",")) <= {"nothing", "LC_CTYPE", "LD_LIBRARY_PATH"}


def test_every_picture_has_a_copy_of_its_own() -> None:
    body = "raise decoder_child._Refused(str(os.getpid()))"
    with decoding(body) as other:
        pids = []
        for _ in range(2):
            with pytest.raises(ImageBroken) as caught:
                other.decode(PNG, HEADER)
            pids.append(caught.value.reason)
    assert len(set(pids)) == 2


def test_one_that_was_killed_while_it_idled_is_replaced(decoders: Decoders) -> None:
    assert decoders.decode(PNG, HEADER).any()
    for process in processes():
        process.kill()
        process.wait()
    assert (decoders.decode(PNG, HEADER) == PICTURE).all()


def test_where_no_process_can_be_started_the_picture_waits() -> None:
    with pytest.raises(Unavailable) as caught:
        Decoders("raise SystemExit(1)").decode(PNG, HEADER)
    assert caught.value.reason == "no_decoder"


def test_many_threads_decode_at_the_same_time_and_no_more_processes_stay(
    decoders: Decoders,
) -> None:
    before = len(processes())
    with ThreadPoolExecutor(6) as threads:
        for seen in threads.map(lambda _: decoders.decode(PNG, HEADER), range(24)):
            assert (seen == PICTURE).all()
    assert len(processes()) - before <= 6


def run(code: str, **options: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", code],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        **options,  # type: ignore[call-overload]
    )


START = """
import io, os, sys
from PIL import Image
from utils.images import decode
from utils.decoder import decoders
buffer = io.BytesIO(); Image.new("RGB", (4, 3), "red").save(buffer, "PNG")
def look(): return decode(buffer.getvalue(), max_bytes=10**6, max_pixels=10**6).tolist()
def pid(): return decoders._idle[0]._pid
red = [[[255, 0, 0]] * 4] * 3
"""


def test_after_a_fork_each_side_has_its_own() -> None:
    forked = """
assert look() == red
first, child = pid(), os.fork()
assert look() == red and look() == red
assert (pid() == first) == (child != 0), (pid(), first)
if child:
    assert os.waitpid(child, 0)[1] == 0
"""
    with run(START + forked) as process:
        assert process.wait(60) == 0


def test_it_works_in_a_native_thread_of_a_process_that_gevent_patched() -> None:
    patched = """
import gevent, signal
from gevent import subprocess
subprocess.run(["true"])  # from here on gevent waits for every child
with gevent.Timeout(20):
    jobs = [gevent.get_hub().threadpool.spawn(look) for _ in range(5)]
    beats = 0
    while not all(job.ready() for job in jobs):
        gevent.sleep(0.005); beats += 1
    assert all(job.get() == red for job in jobs) and beats > 3, beats
    os.kill(pid(), signal.SIGKILL)
    assert gevent.get_hub().threadpool.apply(look) == red
"""
    with run("from gevent import monkey; monkey.patch_all()\n" + START + patched) as process:
        assert process.wait(60) == 0


def test_it_ends_with_whoever_started_it_however_that_ends() -> None:
    with run(START + "look(); print(pid(), flush=True); sys.stdin.read()") as process:
        assert process.stdout is not None
        child = psutil.Process(int(process.stdout.readline()))
        process.send_signal(signal.SIGKILL)
    psutil.wait_procs([child], timeout=10)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


def test_no_file_of_this_process_is_open_there(decoders: Decoders) -> None:
    inherited = os.open(os.devnull, os.O_RDONLY)
    os.set_inheritable(inherited, True)
    more = """
def opened():
    for number in range(256):
        try: os.fstat(number)
        except OSError: continue
        yield number
"""
    body = "raise decoder_child._Refused(str(list(opened())))"
    try:
        with decoding(body, more) as other, pytest.raises(ImageBroken) as caught:
            other.decode(PNG, HEADER)
    finally:
        os.close(inherited)
    assert caught.value.reason == "[0, 1, 2]"


def test_pixels_of_a_large_picture_arrive_whole(decoders: Decoders) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (1500, 2000, 3), np.uint8)
    data = encoded(noise, "BMP")
    assert (decoders.decode(data, Header("BMP", (2000, 1500))) == noise).all()
    with Image.open(io.BytesIO(data)) as picture:
        assert picture.size == (2000, 1500)
