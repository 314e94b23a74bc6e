from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests

from bot import metrics_server
from bot.exits import Misconfigured
from tests.local_run import free_port


@contextmanager
def running(alive: bool = True, host: str = "127.0.0.1") -> Iterator[str]:
    port = free_port()
    with metrics_server.serving((host, port), metrics=lambda: b"up 1\n", alive=lambda: alive):
        yield f"http://{f'[{host}]' if ':' in host else host}:{port}"


def test_the_figures_are_told_in_the_text_format() -> None:
    with running() as url:
        answer = requests.get(f"{url}/metrics", timeout=5)
    assert (answer.status_code, answer.content) == (200, b"up 1\n")
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "Python" not in answer.headers["Server"]


@pytest.mark.parametrize(("alive", "status"), [(True, 200), (False, 503)])
def test_health_is_whether_the_bot_is_alive(alive: bool, status: int) -> None:
    with running(alive) as url:
        assert requests.get(f"{url}/healthz", timeout=5).status_code == status


@pytest.mark.parametrize("path", ["/", "/metrics/", "/metrics?x=1", "/other"])
def test_there_is_nothing_else(path: str) -> None:
    with running() as url:
        assert requests.get(url + path, timeout=5).status_code == 404
        assert requests.post(f"{url}/metrics", timeout=5).status_code == 501


def test_a_client_that_says_nothing_or_hangs_up_keeps_nobody_from_an_answer(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with running() as url:
        host, port = url.removeprefix("http://").split(":")
        silent = [socket.create_connection((host, int(port))) for _ in range(20)]
        silent[0].sendall(b"GET /metrics HTTP/1.1\r\n\r\n")
        silent[0].close()
        silent[1].sendall(b"\x16\x03\x01 no http at all\r\n\r\n")
        assert requests.get(f"{url}/healthz", timeout=5).status_code == 200
        for each in silent:
            each.close()
    assert capfd.readouterr() == ("", "")


def test_it_ends_with_the_block_also_while_somebody_is_silent() -> None:
    with running() as url:
        host, port = url.removeprefix("http://").split(":")
        silent = socket.create_connection((host, int(port)))
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{url}/healthz", timeout=5)
    assert "metrics" not in {thread.name for thread in threading.enumerate()}
    silent.close()


def test_an_address_that_is_taken_is_told_in_a_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = ("127.0.0.1", taken.getsockname()[1])
        with (
            pytest.raises(
                Misconfigured, match="SEMBLANCE_METRICS_BIND cannot be listened on: Addr"
            ),
            metrics_server.serving(address, metrics=bytes, alive=bool),
        ):
            pass


def test_an_address_of_ipv6_will_do_where_there_is_one() -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("needs a loopback interface with IPv6")
    with running(host="::1") as url:
        assert requests.get(f"{url}/healthz", timeout=5).status_code == 200
