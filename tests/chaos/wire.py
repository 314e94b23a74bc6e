"""HTTP on the way between bot and playground: calls are read, changed, forwarded, broken off."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode

_MULTIPART_FIELD = re.compile(rb'name="(\w+)"\r\n\r\n([^\r]*)\r\n')


@dataclass
class Call:
    """One call of the Bot API; `method` in lower case, or `download` for a file."""

    method: str
    path: str
    body: bytes
    headers: dict[str, str]
    fields: dict[str, str]
    # What it is about, found out on the way: the message's name, the chat.
    name: str = ""
    chat_id: int = 0

    def with_chat_id(self, chat_id: int) -> None:
        """Put another chat's id into the body."""
        kind = self.headers.get("Content-Type", "")
        old, new = self.fields["chat_id"].encode(), str(chat_id).encode()
        if kind.startswith("multipart/"):
            at = b'name="chat_id"\r\n\r\n'
            self.body = self.body.replace(at + old + b"\r\n", at + new + b"\r\n", 1)
        elif kind.startswith("application/json"):
            self.body = json.dumps(json.loads(self.body) | {"chat_id": chat_id}).encode()
        else:
            self.body = urlencode({**self.fields, "chat_id": chat_id}).encode()


class Lost(Exception):
    """The connection is to break without an answer."""


class Half(Exception):
    """An answer that is to be broken off."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__()
        self.status, self.body = status, body


# Of a call and the connection to the playground: the status and the body for the caller.
Answer = Callable[[Call, http.client.HTTPConnection], tuple[int, bytes]]


class Server(ThreadingHTTPServer):
    """Answers calls by a function, which may raise `Lost` and `Half`."""

    request_queue_size = 256
    daemon_threads = True
    block_on_close = False

    def __init__(self, answer: Answer, upstream: tuple[str, int]) -> None:
        self.answer, self.upstream = answer, upstream
        super().__init__(("127.0.0.1", 0), _Handler)

    def shutdown_request(self, request: Any) -> None:
        # Without the farewell that would make an end of a reset.
        self.close_request(request)

    def handle_error(self, *_: object) -> None:
        """Callers are killed at any moment: nothing to say about it."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def setup(self) -> None:
        super().setup()
        self.upstream = http.client.HTTPConnection(*self.server.upstream, timeout=90)

    def finish(self) -> None:
        self.upstream.close()
        with contextlib.suppress(OSError):
            super().finish()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        call = _read(self.path, body, dict(self.headers.items()))
        try:
            status, answer = self.server.answer(call, self.upstream)
        except Lost:
            self._reset()
        except Half as half:
            self._write(half.status, half.body, len(half.body) // 2)
            self._reset()
        else:
            self._write(status, answer, len(answer))

    def do_GET(self) -> None:
        self.do_POST()

    def _write(self, status: int, body: bytes, sent: int) -> None:
        kind = "application/json" if body[:1] == b"{" else "application/octet-stream"
        head = (
            f"HTTP/1.1 {status} {http.client.responses.get(status, '')}\r\n"
            f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self.wfile.write(head.encode() + body[:sent])

    def _reset(self) -> None:
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def log_message(self, *_: object) -> None:
        pass


def _read(path: str, body: bytes, headers: dict[str, str]) -> Call:
    if path.startswith("/file/"):
        return Call("download", path, body, headers, {})
    kind = headers.get("Content-Type", "")
    if kind.startswith("multipart/"):
        found = _MULTIPART_FIELD.findall(body[:4096])
        fields = {name.decode(): value.decode() for name, value in found}
    elif kind.startswith("application/json"):
        given = json.loads(body)
        fields = {k: v if isinstance(v, str) else json.dumps(v) for k, v in given.items()}
    else:
        fields = dict(parse_qsl(body.decode(), keep_blank_values=True))
    return Call(path.rpartition("/")[2].lower(), path, body, headers, fields)


def forward(call: Call, upstream: http.client.HTTPConnection) -> tuple[int, bytes]:
    """The playground's answer. Raises `Lost`."""
    headers = {k: v for k, v in call.headers.items() if k.lower() in ("content-type", "host")}
    verb = "GET" if call.method == "download" else "POST"
    try:
        upstream.request(verb, call.path, call.body or None, headers)
        answer = upstream.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException):
        upstream.close()
        raise Lost from None


def refusal(status: int, description: str, parameters: dict[str, Any] | None = None) -> bytes:
    """The body of a refusal, as Telegram writes it."""
    answer = {"ok": False, "error_code": status, "description": description}
    return json.dumps(answer | ({"parameters": parameters} if parameters else {})).encode()
