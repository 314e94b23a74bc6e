"""Stand-ins written by hand: a Telegram that remembers, a proxy on a real socket."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from utils.errors import SemblanceError


class FakeTelegram:
    """Chats in memory, with the calls of `utils.telegram.TelegramApi` that the bot makes.

    Put errors into `failures` to have the next calls raise them, one each.
    """

    def __init__(self) -> None:
        self.texts: dict[tuple[int, int], str] = {}
        self.calls: list[str] = []
        self.failures: list[SemblanceError] = []
        self._next_id = 1000

    def send_message(
        self, chat_id: int, text: str, *, reply_to: int, message_thread_id: int | None = None
    ) -> int:
        self._called("send_message")
        self._next_id += 1
        self.texts[chat_id, self._next_id] = text
        return self._next_id

    def edit_text(self, chat_id: int, message_id: int, text: str) -> None:
        self._called("edit_text")
        self.texts[chat_id, message_id] = text

    def delete_message(self, chat_id: int, message_id: int) -> None:
        self._called("delete_message")
        self.texts.pop((chat_id, message_id), None)

    def _called(self, name: str) -> None:
        self.calls.append(name)
        if self.failures:
            raise self.failures.pop(0)


@dataclass
class Request:
    """What a `FakeHttp` was asked."""

    path: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Reply:
    """What a `FakeHttp` answers; `drop` closes the connection without a word."""

    status: int = 200
    body: bytes = b'{"success": 1}'
    headers: dict[str, str] = field(default_factory=dict)
    drop: bool = False


class FakeHttp:
    """A real HTTP server on 127.0.0.1 that answers by a function and remembers what came."""

    def __init__(self, answer: Callable[[Request], Reply], port: int = 0) -> None:
        self.requests: list[Request] = []
        self.pause_s = 0.0
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Header and body in one segment: apart they would cost 40 ms each time.
            wbufsize = -1

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                request = Request(self.path, dict(self.headers.items()), body)
                fake.requests.append(request)
                time.sleep(fake.pause_s)
                reply = answer(request)
                if reply.drop:
                    self.close_connection = True
                    return
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(reply.body)))
                self.end_headers()
                self.wfile.write(reply.body)
                self.wfile.flush()

            do_GET = do_POST  # noqa: N815

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                # A client that was killed resets its connection: nothing to report.
                pass

        self._server = Server(("127.0.0.1", port), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@contextmanager
def serving(answer: Callable[[Request], Reply], *, port: int = 0) -> Iterator[FakeHttp]:
    """A `FakeHttp` for the length of a `with` block."""
    server = FakeHttp(answer, port)
    try:
        yield server
    finally:
        server.close()
