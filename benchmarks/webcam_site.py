"""The webcam page's site on a port of its own, as the reverse proxy serves it."""

from __future__ import annotations

import contextlib
import http.client
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from benchmarks.load import connected
from launcher import runtime, site
from services.page_route import HEADERS, TYPES, cache_control


class Site:
    """The services at `upstream`, a unix socket, and the page's files beside them.

    `asked` are the paths of all requests so far, `most_at_once` how many pictures were with the
    services at the same time, and `delay_s` how long each takes at least. `release` stands for
    another version of the page, `runtime` False for a site without onnxruntime-web.
    """

    def __init__(self, port: int, upstream: Path | str) -> None:
        self.port, self.upstream = port, str(upstream)
        self.release = ""
        self.delay_s = 0.0
        self.runtime = True
        self.asked: list[str] = []
        self.most_at_once = 0
        self.at_once = 0
        self.lock = threading.Lock()
        self.url = f"http://127.0.0.1:{port}/"
        self._server: ThreadingHTTPServer | None = None

    def start(self) -> None:
        """Serve from now on."""
        served = self

        class Handler(_Handler):
            of = served

        self._server = _Server(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        """Be away, until `start`."""
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def files(self) -> dict[str, Path]:
        """All files by their path from the page."""
        return site.files(runtime.fetch() if self.runtime else None)

    @contextlib.contextmanager
    def counted(self) -> Iterator[None]:
        """A picture is with the services."""
        with self.lock:
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        time.sleep(self.delay_s)
        try:
            yield
        finally:
            with self.lock:
                self.at_once -= 1

    def version_script(self) -> bytes:
        """What tells the page and its service worker of all files and their common version."""
        return site.version_script(self.files(), with_runtime=self.runtime, release=self.release)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_: Any) -> None:
        """A browser that went away is no error."""


class _Handler(BaseHTTPRequestHandler):
    of: Site
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two segments

    def do_GET(self) -> None:
        path = self.path.lstrip("/")
        self.of.asked.append(path)
        if path.startswith("v1/"):
            self._pass_on(b"")
        elif path == "web/version.js":
            self._send(self.of.version_script(), ".js", "no-cache")
        elif path == "sw.js":
            self._send((site.WEB / "sw.js").read_bytes(), ".js", "no-cache")
        else:
            file = self.of.files().get(path)
            if file is None:
                self._send(b"", ".html", "no-store", 404)
                return
            self._send(file.read_bytes(), file.suffix or ".html", cache_control(path))

    def do_POST(self) -> None:
        self.of.asked.append(self.path.lstrip("/"))
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with self.of.counted():
            self._pass_on(body)

    def _send(self, body: bytes, kind: str, cache: str, status: int = 200) -> None:
        headers = HEADERS | {"Content-Type": TYPES[kind], "Cache-Control": cache}
        self._answer(status, headers, body)

    def _pass_on(self, body: bytes) -> None:
        kept = ("content-type", "authorization", "accept")
        headers = {name: value for name, value in self.headers.items() if name.lower() in kept}
        connection = http.client.HTTPConnection("services")
        try:
            connection.sock = connected(self.of.upstream)
            connection.request(self.command, self.path, body, headers)
            response = connection.getresponse()
            passed = ("content-type", "retry-after", "cache-control")
            back = {name: value for name, value in response.getheaders() if name.lower() in passed}
            self._answer(response.status, back, response.read())
        except (OSError, http.client.HTTPException):
            self._answer(502, {"Content-Type": "application/json"}, b"{}")
        finally:
            connection.close()

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""
