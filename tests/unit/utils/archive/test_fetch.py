from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from utils.archive.fetch import fetch
from utils.errors import ImageTooLarge, SemblanceError, UrlRefused, UrlTooSlow, UrlUnreachable
from utils.settings import Settings

SETTINGS = Settings.load(
    {
        "SEMBLANCE_MAX_BYTES": "100000",
        "SEMBLANCE_URL_TIMEOUT_S": "0.5",
        "SEMBLANCE_URL_CONNECT_TIMEOUT_S": "0.5",
    },
    dotenv=None,
)


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        paths = {
            "/gone": (404, {}),
            "/round": (302, {"Location": "/round"}),
            "/next": (302, {"Location": "/small"}),
            "/file": (302, {"Location": "file:///etc/passwd"}),
        }
        status, headers = paths.get(self.path, (200, {}))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            if self.path == "/small":
                self.wfile.write(b"picture")
            if self.path == "/huge":
                self.wfile.write(b"x" * 1_000_000)
            if self.path == "/drip":
                for _ in range(40):
                    self.wfile.write(b"x")
                    time.sleep(0.05)
        except ConnectionError:
            pass

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


def test_the_bytes_behind_a_url_and_behind_a_redirect(server: str) -> None:
    assert fetch(f"{server}/small", SETTINGS) == b"picture"
    assert fetch(f"{server}/next", SETTINGS) == b"picture"


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("/gone", UrlUnreachable),
        ("/huge", ImageTooLarge),
        ("/drip", UrlTooSlow),
        ("/round", UrlRefused),
        ("/file", UrlRefused),
    ],
)
def test_what_is_wrong_there_is_one_of_our_errors(
    server: str, path: str, error: type[SemblanceError]
) -> None:
    with pytest.raises(error):
        fetch(f"{server}{path}", SETTINGS)


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("http://127.0.0.1:1/", UrlUnreachable),
        ("http://", UrlRefused),
        ("http://[x/", UrlRefused),
        ("http://" + "a" * 300 + "/", UrlUnreachable),
    ],
)
def test_a_url_that_leads_nowhere_is_one_too(url: str, error: type[SemblanceError]) -> None:
    with pytest.raises(error):
        fetch(url, SETTINGS)
