"""Both services under a real gunicorn, with the playground as Telegram and strangers' servers."""

from __future__ import annotations

import re
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.fakes_services import (
    SECRET,
    TOKEN,
    job,
    says,
    signed,
    stranger,
)
from tests.fakes_services import (
    http as http_answer,
)
from tests.service_processes import Process, UnixConnection, eventually, gunicorn, process
from utils.settings import Secret
from utils.telegram import TelegramApi

JPEG = {"Content_Type": "image/jpeg"}


class Chat:
    """The playground as Telegram, and one person's chat in it."""

    def __init__(self, url: str) -> None:
        self.url, self.chat_id, self.opened_by = url, 7, 0
        self.telegram = TelegramApi(Secret(TOKEN), url)

    def write(self, text: str) -> int:
        """Write as a person, which opens the chat; the message's id."""
        where = f"{self.url}/api/chats/{self.chat_id}/messages"
        return requests.post(where, data={"text": text}, timeout=30).json()["message_ids"][0]

    def photo(self, picture: bytes) -> tuple[str, int]:
        """Send a photo as a person; its file_id and its message id, as a bot would learn them."""
        files = {"photo": ("photo.jpg", picture, "image/jpeg")}
        where = f"{self.url}/api/chats/{self.chat_id}/messages"
        sent = requests.post(where, files=files, timeout=30).json()
        updates = requests.post(f"{self.url}/bot{TOKEN}/getUpdates", timeout=30).json()["result"]
        (update,) = [each for each in updates if each["update_id"] in sent["update_ids"]]
        return update["message"]["photo"][-1]["file_id"], update["message"]["message_id"]

    def status(self, reply_to: int) -> int:
        return self.telegram.send_message(self.chat_id, "1 ahead of you", reply_to=reply_to)

    def answers(self) -> list[dict[str, Any]]:
        """The bot's messages that are still there."""
        where = f"{self.url}/api/chats/{self.chat_id}/messages"
        entries = requests.get(where, timeout=30).json()["messages"]
        return [e["message"] for e in entries if e["sender"] == "bot" and not e["deleted"]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("s")


@pytest.fixture(scope="module")
def telegram_url(folder: Path) -> Iterator[str]:
    port_file = folder / "port"
    command = [sys.executable, "-m", "playground", "--port", "0", "--port-file", str(port_file)]
    with process(command, folder / "playground.log", {"TELEGRAM_TOKEN": TOKEN}):
        port = eventually(
            lambda: port_file.exists() and port_file.read_text().strip(), "the playground"
        )
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def services(folder: Path, telegram_url: str) -> Iterator[Process]:
    """Both services in one process, as on a machine without nginx."""
    environ = {"TELEGRAM_API_URL": telegram_url}
    with gunicorn("services.local:create()", folder, **environ) as running:
        yield running


@pytest.fixture
def chat(telegram_url: str) -> Iterator[Chat]:
    chat = Chat(telegram_url)
    chat.chat_id = int(time.time() * 1000) % 10**9 + 1
    chat.opened_by = chat.write("hello")
    yield chat
    chat.telegram.close()


def classify(services: Process, chat: Chat, **changes: Any):
    body = job(**{"chat_id": chat.chat_id, **changes}).encode()
    route = "/classify_url" if changes.get("kind") == "url" else "/classify"
    return services.call("POST", route, body, **signed(body))


def test_a_photo_of_a_chat_is_answered_by_turning_its_status_message_into_the_picture(
    services, chat, astronaut_jpeg
):
    file_id, message_id = chat.photo(astronaut_jpeg)
    status_id = chat.status(message_id)
    answer = classify(
        services, chat, source=file_id, reply_to=message_id, status_message_id=status_id
    )
    assert (answer.status, answer.json["success"], answer.json["faces"]) == (200, 1, 1)
    (shown,) = chat.answers()
    assert shown["message_id"] == status_id
    assert shown["photo"]
    assert re.search(r"Looks like|Apparent expression", shown["caption"])


def test_the_same_job_again_shows_no_second_picture(services, chat, astronaut_jpeg):
    file_id, message_id = chat.photo(astronaut_jpeg)
    status_id = chat.status(message_id)
    for _ in range(3):
        answer = classify(
            services, chat, source=file_id, reply_to=message_id, status_message_id=status_id
        )
        assert answer.status == 200
    assert len(chat.answers()) == 1


def test_where_the_status_message_was_deleted_the_bot_is_asked_for_another_one(
    services, chat, astronaut_jpeg
):
    file_id, message_id = chat.photo(astronaut_jpeg)
    status_id = chat.status(message_id)
    chat.telegram.delete_message(chat.chat_id, status_id)
    where = {"source": file_id, "reply_to": message_id, "status_message_id": status_id}
    answer = classify(services, chat, **where)
    assert (answer.status, answer.code) == (409, "message_gone")
    assert not chat.answers()
    # After two that vanished as well the picture comes as a reply.
    answer = classify(services, chat, **where, renewals=2)
    assert answer.status == 200
    (shown,) = chat.answers()
    assert shown["message_id"] != status_id
    assert shown["reply_to_message"]["message_id"] == message_id
    assert shown["photo"]


def test_a_photo_without_a_face_is_answered_with_a_sentence(services, chat, coffee_jpeg):
    file_id, message_id = chat.photo(coffee_jpeg)
    answer = classify(
        services,
        chat,
        source=file_id,
        reply_to=message_id,
        status_message_id=chat.status(message_id),
    )
    assert (answer.status, answer.json["faces"]) == (200, 0)
    (shown,) = chat.answers()
    assert shown["text"].startswith("I found no face")


def test_a_url_is_fetched_and_answered_in_the_chat(services, chat, astronaut_jpeg):
    status_id = chat.status(chat.opened_by)
    with stranger(says(http_answer(astronaut_jpeg, "Content-Type: image/jpeg"))) as port:
        url = f"http://127.0.0.1:{port}/a.jpg"
        answer = classify(
            services,
            chat,
            kind="url",
            source=url,
            reply_to=chat.opened_by,
            status_message_id=status_id,
        )
    assert (answer.status, answer.json["faces"]) == (200, 1)
    assert chat.answers()[0]["photo"]


def test_a_file_that_telegram_does_not_know_is_a_4xx(services, chat):
    answer = classify(
        services, chat, source="AgADwrong", status_message_id=chat.status(chat.opened_by)
    )
    assert (answer.status, answer.code) == (422, "file_gone")
    assert chat.answers()[0]["text"] == "1 ahead of you"


def test_faces_are_answered_as_json_and_as_a_picture(services, astronaut_jpeg):
    found = services.call("POST", "/v1/faces", astronaut_jpeg, **JPEG)
    assert (found.status, found.json["size_wh"], len(found.json["faces"])) == (200, [512, 512], 1)
    assert set(found.json["faces"][0]) == {"box_xyxy", "confidence", "emotion", "gender"}
    picture = services.call("POST", "/v1/faces", astronaut_jpeg, Accept="image/jpeg", **JPEG)
    assert picture.headers["Content-Type"] == "image/jpeg"
    assert picture.body.startswith(b"\xff\xd8\xff")


@pytest.mark.parametrize(
    ("body", "code"), [(b"no picture", "not_an_image"), (b"\xff\xd8\xff\xe0broken", None)]
)
def test_what_is_no_picture_is_a_4xx_and_the_next_one_works(services, astronaut_jpeg, body, code):
    answer = services.call("POST", "/v1/faces", body, **JPEG)
    assert answer.status == 422
    assert answer.code in (code, "image_broken", "not_an_image")
    assert services.call("POST", "/v1/faces", astronaut_jpeg, **JPEG).status == 200


def test_a_body_without_a_length_is_read_and_bounded(services, astronaut_jpeg):
    def chunks(size: int) -> Iterator[bytes]:
        for start in range(0, size, 1 << 20):
            yield (astronaut_jpeg if start == 0 else bytes(1 << 20))

    assert services.call("POST", "/v1/faces", chunks(1), **JPEG).status == 200
    connection = UnixConnection(services.socket)
    try:
        connection.request("POST", "/v1/faces", chunks(40 << 20), {"Content-Type": "image/jpeg"})
        status = connection.getresponse().status
    except (BrokenPipeError, ConnectionResetError):
        status = 413
    finally:
        connection.close()
    assert status == 413


@pytest.mark.parametrize(
    "request_text",
    [
        b"GARBAGE\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nBad Header\r\n\r\n",
        b"GET /" + b"x" * 5000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nLong: " + b"x" * 9000 + b"\r\n\r\n",
        b"POST /v1/faces HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n",
        (
            b"POST /v1/faces HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\n"
            b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"
        ),
        (
            b"POST /v1/faces HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\n"
            b"Content-Length: 100\r\n\r\nshort"
        ),
        (
            b"POST /v1/faces HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data\r\n"
            b"Content-Length: 5\r\n\r\nshort"
        ),
    ],
)
def test_a_malformed_request_is_a_4xx_in_our_shape_also_without_nginx(services, request_text):
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(30)
        line.connect(services.socket)
        line.sendall(request_text)
        line.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: line.recv(4096), b""))
    assert answer.startswith(b"HTTP/1.1 4")
    assert re.search(rb'{"error": ?{"code": ?"', answer)
    assert "Traceback" not in services.log


def test_an_unsigned_job_is_answered_before_its_body_has_arrived(services):
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(30)
        line.connect(services.socket)
        line.sendall(
            b"POST /classify HTTP/1.1\r\nHost: x\r\nContent-Length: 20000000\r\n\r\nonly the start"
        )
        answer = b""
        while b"not_signed" not in answer:
            piece = line.recv(65536)
            assert piece, answer
            answer += piece
    assert answer.startswith(b"HTTP/1.1 403 ")


def test_the_log_tells_every_request_and_nothing_of_the_people(services, chat, astronaut_jpeg):
    file_id, message_id = chat.photo(astronaut_jpeg)
    classify(services, chat, source=file_id, status_message_id=chat.status(message_id))
    for url in ("http://secret.invalid/holiday.jpg", "http://10.0.0.1/holiday.jpg"):
        body = job(kind="url", source=url).encode()
        services.call("POST", "/classify_url", body, X_Request_ID="55-0", **signed(body))
        services.call("POST", "/v1/faces/url", {"url": url})
    services.call("GET", "/holiday-path?holiday=1")
    log = services.log
    for secret in (TOKEN, SECRET, file_id, "holiday", "secret.invalid", "10.0.0.1", "Traceback"):
        assert secret not in log
    assert "55-0 request method=POST route=/classify_url status=422" in log
