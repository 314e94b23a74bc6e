from __future__ import annotations

import io
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from PIL import Image
from urllib3 import encode_multipart_formdata

from playground.app import create_app
from playground.state import Playground

TOKEN = "123456:AAAAAAAAAAAAAAAAAAAAAAAAAAAA"
CHAT = 4711


def picture(size: tuple[int, int] = (640, 480), kind: str = "JPEG", colour: str = "teal") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, kind)
    return out.getvalue()


def upload(data: bytes, name: str = "photo.jpg") -> tuple[io.BytesIO, str]:
    return io.BytesIO(data), name


def large(fields: dict[str, Any], name: str, data: bytes) -> dict[str, Any]:
    """A multipart body made here: the test client would put a large one into a temporary file."""
    parts = {key: str(value) for key, value in fields.items()}
    body, content_type = encode_multipart_formdata({**parts, name: ("large.bin", data)})
    return {"data": body, "content_type": content_type}


class Bot:
    """The bot's side: calls methods and unpacks Telegram's answer."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def call(self, method: str, **fields: Any) -> dict[str, Any]:
        response = self.client.post(f"/bot{TOKEN}/{method}", data=fields)
        body: dict[str, Any] = response.get_json()
        assert response.status_code == (200 if body["ok"] else body["error_code"])
        return body

    def ok(self, method: str, **fields: Any) -> Any:
        body = self.call(method, **fields)
        assert body["ok"], body
        return body["result"]

    def refused(self, method: str, **fields: Any) -> str:
        body = self.call(method, **fields)
        assert not body["ok"], body
        return str(body["description"])

    def updates(self, **fields: Any) -> list[dict[str, Any]]:
        result: list[dict[str, Any]] = self.ok("getUpdates", **fields)
        return result


class Person:
    """Somebody in front of the page."""

    def __init__(self, client: FlaskClient, chat_id: int = CHAT) -> None:
        self.client, self.chat_id = client, chat_id

    def post(self, **fields: Any) -> Any:
        return self.client.post(f"/api/chats/{self.chat_id}/messages", data=fields)

    def writes(self, text: str, **fields: Any) -> int:
        response = self.post(text=text, **fields)
        assert response.status_code == 201, response.get_json()
        return int(response.get_json()["message_ids"][0])

    def sends(self, *pictures: bytes, **fields: Any) -> list[int]:
        files = [upload(data) for data in pictures]
        response = self.post(photo=files, **fields)
        assert response.status_code == 201, response.get_json()
        ids: list[int] = response.get_json()["message_ids"]
        return ids

    def sees(self, after_revision: int = 0) -> dict[str, Any]:
        path = f"/api/chats/{self.chat_id}/messages?after_revision={after_revision}"
        body: dict[str, Any] = self.client.get(path).get_json()
        return body

    def last(self) -> dict[str, Any]:
        view: dict[str, Any] = self.sees()["messages"][-1]
        return view


@pytest.fixture
def playground() -> Iterator[Playground]:
    made = Playground(TOKEN)
    yield made
    made.close()


@pytest.fixture
def client(playground: Playground) -> FlaskClient:
    return create_app(TOKEN, playground=playground).test_client()


@pytest.fixture
def bot(client: FlaskClient) -> Bot:
    return Bot(client)


@pytest.fixture
def person(client: FlaskClient) -> Person:
    return Person(client)


def as_json(shape: Any) -> str:
    return json.dumps(shape)


def eventually(look: Callable[[], Any], is_there: Callable[[Any], Any] = bool) -> Any:
    """What `look` finds, once that is it."""
    ends_at = time.monotonic() + 20
    while not is_there(found := look()):
        assert time.monotonic() < ends_at, found
        time.sleep(0.01)
    return found
