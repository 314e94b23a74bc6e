import logging
import socket
from types import SimpleNamespace

import gevent
import pytest
from gunicorn.http import errors
from gunicorn.workers.ggevent import GeventWorker

from services.worker import DrainingWorker, InOnePiece


@pytest.fixture
def worker(monkeypatch):
    """A worker without its process: no sockets, no signals, no heartbeat."""

    def bare(self, *_, **__):
        self.cfg, self.alive = SimpleNamespace(keepalive=30), True
        self.log = logging.getLogger("test.worker")

    monkeypatch.setattr(GeventWorker, "__init__", bare)
    monkeypatch.setattr(GeventWorker, "notify", lambda _: None)
    monkeypatch.setattr(GeventWorker, "handle_exit", lambda self, *_: setattr(self, "alive", False))
    return DrainingWorker()


def connection(worker, story):
    def serve():
        with worker.timeout_ctx():
            story.append("waits")
            gevent.sleep(30)
            story.append("got a request")
        story.append("over")

    greenlet = gevent.spawn(serve)
    gevent.sleep(0)
    return greenlet


def test_a_stop_closes_a_connection_that_asks_for_nothing(worker):
    story = []
    greenlet = connection(worker, story)
    worker.handle_exit(15, None)
    greenlet.join(5)
    assert story == ["waits", "over"]
    assert greenlet.successful()


def test_a_connection_that_becomes_idle_while_draining_is_closed_too(worker):
    worker.handle_exit(15, None)
    story = []
    greenlet = connection(worker, story)
    worker.notify()
    greenlet.join(5)
    assert story == ["waits", "over"]


def test_as_long_as_it_serves_idle_connections_stay(worker):
    story = []
    greenlet = connection(worker, story)
    worker.notify()
    gevent.sleep(0.01)
    assert story == ["waits"]
    greenlet.kill()


def test_a_connection_that_stays_silent_for_the_keep_alive_time_is_over(worker):
    worker.cfg.keepalive = 0.01
    story = []
    connection(worker, story).join(5)
    assert story == ["waits", "over"]


def test_another_error_of_a_connection_is_not_swallowed(worker):
    def serve():
        with worker.timeout_ctx():
            raise ValueError("broken header")

    with pytest.raises(ValueError, match="broken header"):
        serve()
    assert worker._idle == {}


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.InvalidRequestLine("GET secret"), 400),
        (errors.InvalidHeader("secret"), 400),
        (errors.LimitRequestLine(9000, 4000), 414),
        (errors.LimitRequestHeaders("secret"), 431),
        (RuntimeError("secret"), 500),
    ],
)
def test_what_is_no_request_is_answered_in_our_shape_and_logged_without_its_text(
    worker, caplog, error, status
):
    client, peer = socket.socketpair()
    with client, peer, caplog.at_level(logging.INFO):
        worker.handle_error(None, client, ("10.0.0.1", 1), error)
        answer = peer.recv(4096)
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert b'{"error": {"code": ' in answer
    assert b"secret" not in answer
    assert "10.0.0.1" not in caplog.text
    assert "secret" not in caplog.records[0].getMessage()


def test_a_peer_that_is_gone_is_no_matter(worker):
    client, peer = socket.socketpair()
    peer.close()
    with client:
        worker.handle_error(None, client, None, errors.InvalidHeader("x"))


class Client:
    """A socket that notes what was sent at once."""

    def __init__(self):
        self.sent = []

    def sendall(self, data):
        self.sent.append(data)

    def fileno(self):
        return 7


def test_head_and_body_of_an_answer_are_sent_at_once_and_the_rest_as_it_comes():
    client = Client()
    piece = InOnePiece(client)
    piece.sendall(b"head ")
    assert client.sent == []
    for part in (b"body", b"more", b"end"):
        piece.sendall(part)
    piece.flush()
    assert client.sent == [b"head body", b"more", b"end"]
    assert piece.fileno() == 7


def test_a_head_without_a_body_is_sent_in_the_end_and_nothing_where_there_is_none():
    client = Client()
    piece = InOnePiece(client)
    piece.flush()
    assert client.sent == []
    piece.sendall(b"head")
    piece.flush()
    piece.flush()
    assert client.sent == [b"head"]
