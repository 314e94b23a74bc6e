"""An engine, a Telegram and a stranger's server for the tests of the services: written by hand."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from flask import Flask

from services.delivery import Chats, Delivery
from services.factory import create_app
from services.inference import Inference
from services.source import Source
from utils.errors import NotAnImage
from utils.faces import Analysis, Face, Opinion
from utils.images import Picture
from utils.jobs import Job
from utils.labels import EMOTIONS, GENDERS
from utils.pipeline import ALL, Annotated, Options, Target
from utils.settings import Secret, Settings
from utils.signature import SIGNATURE_HEADER, sign

SECRET = "a-secret-of-the-tests"
TOKEN = "123456:a-token-of-the-tests-0123456789"
JPEG = b"\xff\xd8\xff picture"


def settings(**environ: str) -> Settings:
    return Settings.load({"SEMBLANCE_SECRET": SECRET, **environ}, dotenv=None)


def opinion(labels: tuple[str, ...], label: str, share: float = 0.9, *, sure: bool = True):
    rest = (1 - share) / (len(labels) - 1)
    return Opinion(labels, tuple(share if each == label else rest for each in labels), sure)


def face(emotion: str = "happiness", gender: str | None = "woman", *, sure: bool = True) -> Face:
    return Face(
        (10, 20, 30, 50),
        0.98,
        opinion(EMOTIONS, emotion, sure=sure),
        None if gender is None else opinion(GENDERS, gender),
    )


def analysis(*faces: Face) -> Analysis:
    return Analysis((640, 480), faces, "fake", "1", {"decode": 1.0})


def annotated(*faces: Face, as_document: bool = False) -> Annotated:
    return Annotated(analysis(*faces), Picture(b"annotated", "image/jpeg", as_document))


@dataclass
class FakeEngine:
    """Sees `faces` in every picture, but raises what `errors` holds for its bytes."""

    faces: tuple[Face, ...] = (face(),)
    errors: dict[bytes, Exception] = field(default_factory=lambda: {b"text": NotAnImage("text")})
    refused: frozenset[bytes] = frozenset()
    seen: list[bytes] = field(default_factory=list)
    asked: list[Options] = field(default_factory=list)
    model: tuple[str, str] = ("fake", "1")
    warmed_up: bool = False

    def warm_up(self) -> None:
        self.warmed_up = True

    def check(self, data: bytes) -> None:
        if data in self.refused:
            raise NotAnImage("by its header")

    def analyze(self, data: bytes, options: Options = ALL) -> Analysis:
        self.seen.append(data)
        self.asked.append(options)
        if data in self.errors:
            raise self.errors[data]
        return analysis(*self.faces)

    def annotate(self, data: bytes, target: Target, options: Options = ALL) -> Annotated:
        kind = "png" if target == "png" else "jpeg"
        return Annotated(
            self.analyze(data, options), Picture(f"as {target}".encode(), f"image/{kind}")
        )


@dataclass
class FakeChats:
    """Remembers the calls; raises what `errors` holds for a method."""

    errors: dict[str, Exception] = field(default_factory=dict)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    @property
    def methods(self) -> list[str]:
        return [name for name, _ in self.calls]

    def _note(self, name: str, **details: Any) -> None:
        self.calls.append((name, details))
        if name in self.errors:
            raise self.errors[name]

    def send_message(
        self, chat_id: int, text: str, *, reply_to: int, message_thread_id: int | None = None
    ) -> int:
        self._note("send_message", chat_id=chat_id, text=text, reply_to=reply_to)
        return 77

    def edit_text(self, chat_id: int, message_id: int, text: str) -> None:
        self._note("edit_text", chat_id=chat_id, message_id=message_id, text=text)

    def delete_message(self, chat_id: int, message_id: int) -> None:
        self._note("delete_message", chat_id=chat_id, message_id=message_id)

    def edit_photo(
        self, chat_id: int, message_id: int, picture: bytes, *, caption: str, document: bool = False
    ) -> None:
        self._note("edit_photo", message_id=message_id, caption=caption, document=document)

    def send_photo(
        self,
        chat_id: int,
        picture: bytes,
        *,
        caption: str,
        reply_to: int,
        message_thread_id: int | None = None,
        document: bool = False,
    ) -> None:
        self._note("send_photo", reply_to=reply_to, caption=caption, thread=message_thread_id)


@dataclass
class FakeFiles:
    """Telegram's files: every id holds the same picture, unless `error` says otherwise."""

    error: Exception | None = None

    def get_file(self, file_id: str, *, max_bytes: int) -> bytes:
        if self.error is not None:
            raise self.error
        return JPEG + file_id.encode()


@dataclass
class FakeFetcher:
    """A web in which every URL is a picture."""

    fetched: list[str] = field(default_factory=list)
    users: list[str] = field(default_factory=list)

    def fetch(self, url: str, *, user: str = "", holder: object = None) -> bytes:
        self.fetched.append(url)
        self.users.append(user)
        return JPEG


def app_of(
    *sources: Source,
    engine: FakeEngine | None = None,
    chats: Chats | None = None,
    **environ: str,
) -> Flask:
    chosen = settings(**environ)
    inference = Inference(engine or FakeEngine(), 2)
    inference.warm_up()
    delivery = None if chats is None else Delivery(chats, chosen.delivery)
    return create_app(sources, chosen, inference=inference, delivery=delivery)


def job(**changes: Any) -> Job:
    fields: dict[str, Any] = {
        "update_id": 5,
        "index": 0,
        "user_id": 1,
        "chat_id": 2,
        "reply_to": 3,
        "kind": "file_id",
        "source": "AgAD",
        "enqueued_at": 1.0,
        "status_message_id": 4,
    }
    return Job(**(fields | changes))


def signed(body: bytes) -> dict[str, str]:
    return {SIGNATURE_HEADER: sign(body, Secret(SECRET))}


Script = Callable[[socket.socket], None]


@contextlib.contextmanager
def stranger(*scripts: Script, repeat: bool = False) -> Iterator[int]:
    """A server on 127.0.0.1 that plays one script a connection; its port."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.05)
    stopped = threading.Event()

    def serve() -> None:
        waiting = list(scripts)
        while waiting and not stopped.is_set():
            try:
                line, _ = listener.accept()
            except TimeoutError:
                continue
            line.settimeout(5)
            with line, contextlib.suppress(OSError):
                (waiting[0] if repeat else waiting.pop(0))(line)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        stopped.set()
        thread.join()
        listener.close()


def says(answer: bytes) -> Script:
    """Read the request's header, say this, hang up."""

    def script(line: socket.socket) -> None:
        header_of(line)
        line.sendall(answer)
        line.shutdown(socket.SHUT_WR)

    return script


def header_of(line: socket.socket) -> bytes:
    header = b""
    while b"\r\n\r\n" not in header:
        piece = line.recv(4096)
        if not piece:
            break
        header += piece
    return header


def http(body: bytes = b"", *headers: str, status: str = "200 OK", length: int | None = None):
    length = len(body) if length is None else length
    head = [f"HTTP/1.1 {status}", f"Content-Length: {length}", *headers, "", ""]
    return "\r\n".join(head).encode() + body
