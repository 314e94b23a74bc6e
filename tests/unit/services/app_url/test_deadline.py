import socket
import time

import pytest

from services.app_url.deadline import Deadline
from utils.errors import UrlTooSlow


def test_what_is_left_runs_out():
    deadline = Deadline(0.01)
    assert Deadline(10).remaining_s() > 9
    time.sleep(0.02)
    assert deadline.is_over
    with pytest.raises(UrlTooSlow):
        deadline.remaining_s()


def test_a_read_that_would_wait_for_ever_is_cut():
    reader, writer = socket.socketpair()
    with reader, writer, Deadline(0.05).cutting(reader):
        assert reader.recv(10) == b""


def test_a_socket_that_was_closed_meanwhile_is_no_matter():
    reader, writer = socket.socketpair()
    with writer, Deadline(0.05).cutting(reader):
        reader.close()
        time.sleep(0.1)


def test_before_the_deadline_nothing_is_cut():
    reader, writer = socket.socketpair()
    with reader, writer:
        with Deadline(30).cutting(reader):
            pass
        writer.sendall(b"still there")
        assert reader.recv(20) == b"still there"
