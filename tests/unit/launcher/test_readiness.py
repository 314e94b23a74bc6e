from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from launcher.plan import Program
from launcher.readiness import Readiness


class Answering(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/readyz" else 503)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


class UnixServer(HTTPServer):
    address_family = socket.AF_UNIX

    def server_bind(self) -> None:
        self.socket.bind(self.server_address)

    def get_request(self) -> tuple[socket.socket, tuple[str, int]]:
        return self.socket.accept()[0], ("unix", 0)


@pytest.fixture(params=["tcp", "unix"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "tcp":
        server = HTTPServer(("127.0.0.1", 0), Answering)
        address = f"http://127.0.0.1:{server.server_port}"
    else:
        server = UnixServer(str(tmp_path / "s"), Answering)  # type: ignore[arg-type]
        address = f"unix:{tmp_path}/s:"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield address
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_route_that_answers_200_is_ready(where: str, tmp_path: Path) -> None:
    readiness = Readiness(tmp_path)
    assert readiness.of(Program("s", (), ready=f"{where}/readyz"))
    assert not readiness.of(Program("s", (), ready=f"{where}/other"))


def test_nobody_listening_is_not_ready(tmp_path: Path) -> None:
    readiness = Readiness(tmp_path)
    assert not readiness.of(Program("s", (), ready=f"unix:{tmp_path}/nobody:/readyz"))
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert not readiness.of(Program("s", (), ready=f"http://127.0.0.1:{port}/readyz"))


def test_what_an_earlier_life_said_is_forgotten(tmp_path: Path) -> None:
    readiness = Readiness(tmp_path)
    program = Program("bot", ())
    path = readiness.notify_socket(program)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"READY=1", path)
        readiness.forget(program)
        assert not readiness.of(program)
        sender.sendto(b"READY=1\nSTATUS=hello", path)
    assert readiness.of(program)
    assert readiness.status == {"bot": "hello"}
    readiness.close()


def test_a_program_that_is_asked_needs_no_socket(tmp_path: Path) -> None:
    program = Program("s", (), ready="http://127.0.0.1:1/")
    assert Readiness(tmp_path).notify_socket(program) == ""
