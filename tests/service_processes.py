"""The services and nginx as real processes, and a client that speaks to their unix sockets."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import socketserver
import string
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from services.start import start
from tests.fakes_services import SECRET, TOKEN, FakeEngine
from utils.errors import ModelError
from utils.settings import ROOT

TEMPLATE = ROOT / "docker" / "nginx" / "nginx.conf.template"
PATIENCE_S = 90.0


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        return str(self.json["error"]["code"])


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a unix socket; a TCP address is taken as host:port."""

    def __init__(self, where: str) -> None:
        super().__init__("localhost", timeout=60)
        self._where = where

    def connect(self) -> None:
        if self._where.startswith("/"):
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.settimeout(60)
            self.sock.connect(self._where)
        else:
            host, port = self._where.split(":")
            self.sock = socket.create_connection((host, int(port)), timeout=60)


def call(where: str | Path, method: str, path: str, body: Any = None, **headers: str) -> Answer:
    """One request; header names may be written with underscores."""
    with contextlib.closing(UnixConnection(str(where))) as connection:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if isinstance(body, dict):
            body, named = json.dumps(body).encode(), named | {"Content-Type": "application/json"}
        connection.request(method, path, body=body, headers=named)
        with connection.getresponse() as response:
            return Answer(response.status, dict(response.headers.items()), response.read())


def eventually(check: Callable[[], Any], what: str, *, patience_s: float = PATIENCE_S) -> Any:
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError, http.client.HTTPException):
            if found := check():
                return found
        time.sleep(0.05)
    pytest.fail(f"still waiting for {what}")


@dataclass
class Process:
    """A child with its log; ended with the block that started it."""

    popen: subprocess.Popen[bytes]
    log_path: Path
    socket: str = ""

    @property
    def log(self) -> str:
        return self.log_path.read_text(encoding="utf-8")

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        return call(self.socket, method, path, body, **headers)

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.popen.send_signal(number)
        return self.popen.wait(PATIENCE_S)


@contextlib.contextmanager
def process(command: list[str], log_path: Path, environ: dict[str, str]) -> Iterator[Process]:
    with log_path.open("ab") as log:
        popen = subprocess.Popen(
            command,
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "HOME": str(log_path.parent)} | environ,
            stdout=log,
            stderr=log,
        )
    try:
        yield Process(popen, log_path)
    finally:
        popen.kill() if popen.poll() is None else None
        popen.wait()


@contextlib.contextmanager
def gunicorn(
    app: str, folder: Path, *, wait: bool = True, port: int | None = None, **environ: str
) -> Iterator[Process]:
    """A service on a unix socket in `folder`, or on a port of 127.0.0.1, ready to answer."""
    name = app.rpartition(".")[2].partition(":")[0]
    where = f"127.0.0.1:{port}" if port else str(folder / f"{name}.sock")
    command = [sys.executable, "-m", "gunicorn", "-c", "services/gunicorn.conf.py", app]
    defaults = {
        "SEMBLANCE_SECRET": SECRET,
        "TELEGRAM_TOKEN": TOKEN,
        "TELEGRAM_API_URL": "http://127.0.0.1:9",
        "SEMBLANCE_URL_ALLOW": "127.0.0.1:*",
        # Whatever machine this is.
        "SEMBLANCE_WORKERS": "1",
        "SEMBLANCE_SLOTS": "2",
    }
    with process(
        [*command, "--bind", where if port else f"unix:{where}"],
        folder / f"{name}.log",
        defaults | environ,
    ) as child:
        child.socket = where
        if wait:
            eventually(lambda: child.call("GET", "/readyz").status == 200, f"{app} to be ready")
        try:
            yield child
        finally:
            if child.popen.poll() is None:
                child.stop()


def with_a_broken_network() -> Any:
    """For gunicorn: a service whose weights are not what they should be."""

    def load(_: object) -> FakeEngine:
        raise ModelError("emotion.onnx is not the file that manifest.json describes")

    return start("broken", lambda *_: [], load=load)


def nginx_command() -> str:
    found = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin:/usr/local/sbin")
    if found is None:
        pytest.skip("needs nginx (apt install nginx)")
    return found


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextlib.contextmanager
def nginx(
    folder: Path,
    *,
    app_image: list[str],
    app_url: list[str],
    bots: Sequence[str] = (),
    api_rate: int = 50,
    site: Path | None = None,
) -> Iterator[Process]:
    """nginx from the template before fixed lists of unix sockets, and of bots (addresses)."""
    port = free_port()
    run = folder / "nginx"
    run.mkdir()
    filled = string.Template(TEMPLATE.read_text(encoding="utf-8")).safe_substitute(
        SEMBLANCE_NGINX_USER="user root;" if os.geteuid() == 0 else "",
        SEMBLANCE_NGINX_RUN=str(run),
        SEMBLANCE_NGINX_ERROR_LOG=str(folder / "nginx_error.log"),
        SEMBLANCE_NGINX_ACCESS_LOG=str(folder / "nginx_access.log"),
        SEMBLANCE_LISTEN=f"127.0.0.1:{port}",
        # Several bots have one name, for which there is no server to ask here.
        SEMBLANCE_RESOLVER=_group("bots", bots) if bots else "",
        SEMBLANCE_BOT="bots" if bots else "127.0.0.1:9",
        SEMBLANCE_API_RATE=str(api_rate),
        SEMBLANCE_SITE=str(site or folder / "no-page"),
        SEMBLANCE_UPSTREAM_APP_IMAGE=_servers(app_image, "fail_timeout=5s"),
        SEMBLANCE_UPSTREAM_APP_URL=_servers(app_url, "fail_timeout=5s"),
        SEMBLANCE_AGAIN_APP_IMAGE=_servers(app_image, "max_fails=0"),
        SEMBLANCE_AGAIN_APP_URL=_servers(app_url, "max_fails=0"),
    )
    configuration = folder / "nginx.conf"
    configuration.write_text(filled, encoding="utf-8")
    command = [nginx_command(), "-p", str(run), "-e", "stderr", "-c", str(configuration)]
    with process([*command, "-g", "daemon off;"], folder / "nginx.log", {}) as child:
        child.socket = f"127.0.0.1:{port}"
        eventually(lambda: child.call("GET", "/healthz").status == 200, "nginx to answer")
        yield child
        child.stop(signal.SIGTERM)


def _group(name: str, addresses: Sequence[str]) -> str:
    servers = " ".join(f"server {each} max_fails=0;" for each in addresses)
    return f"upstream {name} {{ {servers} }}"


def _servers(sockets: list[str], how: str) -> str:
    return " ".join(f"server unix:{each} {how};" for each in sockets)


@dataclass
class Upstream:
    """A service behind nginx, played by hand on a unix socket."""

    socket: str
    seen: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    reply: tuple[int, dict[str, str], bytes] = (200, {}, b'{"success": 1}')
    hold: threading.Event | None = None


@contextlib.contextmanager
def upstream(path: Path) -> Iterator[Upstream]:
    played = Upstream(str(path))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            played.seen.append((self.command, self.path, dict(self.headers.items()), body))
            if played.hold is not None:
                played.hold.wait(30)
            status, headers, text = played.reply
            self.send_response(status)
            for name, value in {"Content-Length": str(len(text)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST  # noqa: N815 - the names of http.server

        def address_string(self) -> str:
            return "unix"

        def log_message(self, *_: object) -> None:
            pass

    class Server(socketserver.ThreadingUnixStreamServer):
        daemon_threads = True
        request_queue_size = 64

    with Server(str(path), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield played
        finally:
            server.shutdown()
            thread.join()
            path.unlink()


@contextlib.contextmanager
def proxied(folder: Path) -> Iterator[tuple[Process, list[Upstream], Upstream]]:
    """nginx before two replicas of app_image and one of app_url, all three played by hand."""
    nginx_command()
    with (
        upstream(folder / "i1") as first,
        upstream(folder / "i2") as second,
        upstream(folder / "u1") as url,
        nginx(folder, app_image=[first.socket, second.socket], app_url=[url.socket]) as proxy,
    ):
        yield proxy, [first, second], url
