from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from typing import Any

import pytest
from requests import ConnectTimeout, ReadTimeout

from tests.fakes import FakeHttp, Reply, Request, serving
from utils.errors import ChatRefused, FileGone, ImageTooLarge, SemblanceError, TelegramUnavailable
from utils.settings import Secret
from utils.telegram import (
    NO_ANSWER,
    ChatMoved,
    EditUnknown,
    MaybeSent,
    MessageGone,
    TelegramApi,
    _never_connected,
)

TOKEN = Secret("123456:" + "x" * 30)


class Server:
    """Answers with what it is given, the last of it for ever."""

    def __init__(self) -> None:
        self.replies: list[Reply] = [said(True)]
        self.http = FakeHttp(self.answer)

    def answer(self, _request: Request) -> Reply:
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]


def said(result: Any) -> Reply:
    return Reply(body=json.dumps({"ok": True, "result": result}).encode())


def refused(status: int, description: str, **parameters: Any) -> Reply:
    shape = {"ok": False, "error_code": status, "description": description}
    return Reply(status, json.dumps(shape | {"parameters": parameters}).encode())


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.http.close()


@pytest.fixture
def api(server: Server) -> Iterator[TelegramApi]:
    with closing(TelegramApi(TOKEN, server.http.url)) as api:
        yield api


Act = Callable[[TelegramApi], object]


def edit(api: TelegramApi) -> object:
    return api.edit_text(7, 44, "words")


def send(api: TelegramApi) -> object:
    return api.send_message(7, "words", reply_to=5)


def delete(api: TelegramApi) -> object:
    return api.delete_message(7, 44)


def get(api: TelegramApi) -> object:
    return api.get_file("f", max_bytes=10)


def test_a_message_is_a_reply_even_where_the_question_is_gone(
    api: TelegramApi, server: Server
) -> None:
    server.replies = [said({"message_id": 44})]
    assert api.send_message(7, "words", reply_to=5, message_thread_id=3) == 44
    (request,) = server.http.requests
    assert request.path == f"/bot{TOKEN.reveal()}/sendMessage"
    assert b"allow_sending_without_reply" in request.body
    assert b"message_thread_id=3" in request.body


@pytest.mark.parametrize(("data", "name"), [(b"\xff\xd8\xff", "jpeg"), (b"\x89PNG", "png")])
def test_pictures_go_as_photos_or_documents(
    api: TelegramApi, server: Server, data: bytes, name: str
) -> None:
    api.edit_photo(7, 44, data, caption="c")
    api.edit_photo(7, 44, data, caption="c", document=True)
    api.send_photo(7, data, caption="c", reply_to=5)
    api.send_photo(7, data, caption="c", reply_to=5, document=True)
    methods = [request.path.rsplit("/", 1)[1] for request in server.http.requests]
    assert methods == ["editMessageMedia", "editMessageMedia", "sendPhoto", "sendDocument"]
    assert all(f"image/{name}".encode() in request.body for request in server.http.requests)
    assert b'"type": "document"' in server.http.requests[1].body


@pytest.mark.parametrize(
    ("act", "reply", "expected"),
    [
        (edit, refused(400, "Bad Request: message to edit not found"), MessageGone),
        (edit, refused(400, "Bad Request: message can't be edited"), MessageGone),
        (edit, refused(404, "Not Found"), EditUnknown),
        (edit, refused(400, "Bad Request: group upgraded", migrate_to_chat_id=-2), ChatMoved),
        (edit, refused(400, "Bad Request: chat not found"), ChatRefused),
        (edit, refused(403, "Forbidden: bot was blocked by the user"), ChatRefused),
        (edit, refused(413, "Request Entity Too Large"), ImageTooLarge),
        (edit, refused(500, "Internal Server Error"), TelegramUnavailable),
        (edit, Reply(502, b"<html>"), TelegramUnavailable),
        (edit, Reply(drop=True), TelegramUnavailable),
        (send, Reply(drop=True), MaybeSent),
        (send, Reply(502, b"<html>"), MaybeSent),
        (send, refused(403, "Forbidden: bot was kicked"), ChatRefused),
        (send, refused(500, "Internal Server Error"), MaybeSent),
        (delete, refused(400, "Bad Request: message to delete not found"), MessageGone),
        (get, refused(400, "Bad Request: invalid file_id"), FileGone),
        (get, refused(400, "Bad Request: file is too big"), FileGone),
        (get, said({"file_id": "f"}), FileGone),
    ],
)
def test_each_refusal_becomes_one_of_our_errors_without_the_token(
    api: TelegramApi, server: Server, act: Act, reply: Reply, expected: type[SemblanceError]
) -> None:
    server.replies = [reply]
    with pytest.raises(expected) as caught:
        act(api)
    assert type(caught.value) is expected
    assert TOKEN.reveal() not in str(caught.value)


def test_an_edit_that_changes_nothing_is_a_success(api: TelegramApi, server: Server) -> None:
    server.replies = [refused(400, "Bad Request: message is not modified: same content")]
    edit(api)


def test_the_pause_that_telegram_asks_for_is_carried_on(api: TelegramApi, server: Server) -> None:
    server.replies = [refused(429, "Too Many Requests: retry after 7", retry_after=7)]
    with pytest.raises(TelegramUnavailable) as caught:
        send(api)
    assert caught.value.retry_after_s == 7.0


@pytest.mark.parametrize("act", [send, edit, delete])
def test_whoever_writes_to_a_group_that_moved_is_told_where_to(
    api: TelegramApi, server: Server, act: Act
) -> None:
    server.replies = [refused(400, "Bad Request: group upgraded", migrate_to_chat_id=-200)]
    with pytest.raises(ChatMoved) as caught:
        act(api)
    assert caught.value.chat_id == -200
    assert len(server.http.requests) == 1


def test_what_was_never_connected_was_never_sent() -> None:
    with serving(lambda _: Reply()) as gone:
        pass
    with closing(TelegramApi(TOKEN, gone.url)) as api, pytest.raises(TelegramUnavailable) as caught:
        send(api)
    assert TOKEN.reveal() not in str(caught.value)


FILE = said({"file_id": "f", "file_path": "photos/1.jpg"})


def test_a_file_is_downloaded_with_what_get_file_says(api: TelegramApi, server: Server) -> None:
    server.replies = [FILE, Reply(body=b"0123456789")]
    assert get(api) == b"0123456789"
    assert server.http.requests[1].path == f"/file/bot{TOKEN.reveal()}/photos/1.jpg"


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (Reply(body=b"01234567890"), ImageTooLarge),
        (Reply(404, b""), FileGone),
        (Reply(302, b"", {"Location": "/elsewhere"}), TelegramUnavailable),
        (Reply(502, b""), TelegramUnavailable),
        (Reply(drop=True), TelegramUnavailable),
    ],
)
def test_a_download_that_fails_says_whether_to_try_again(
    api: TelegramApi, server: Server, reply: Reply, expected: type[SemblanceError]
) -> None:
    server.replies = [FILE, reply]
    with pytest.raises(expected) as caught:
        get(api)
    assert type(caught.value) is expected
    assert TOKEN.reveal() not in str(caught.value)


def test_every_request_is_told_by_method_and_a_status_of_few(server: Server) -> None:
    calls: list[tuple[str, str]] = []
    with closing(TelegramApi(TOKEN, server.http.url, observe=lambda *c: calls.append(c))) as api:
        server.replies = [FILE, Reply(body=b"0123456789")]
        get(api)
        for reply in (said(True), refused(429, "x"), Reply(777, b"{}"), Reply(502, b"<html>")):
            server.replies = [reply]
            with suppress(SemblanceError):
                edit(api)
        server.replies = [Reply(drop=True)]
        with pytest.raises(MaybeSent):
            send(api)
    assert calls == [
        ("getFile", "200"),
        ("download", "200"),
        ("editMessageText", "200"),
        ("editMessageText", "429"),
        ("editMessageText", "other"),
        ("editMessageText", "502"),
        ("sendMessage", NO_ANSWER),
    ]


def test_a_slow_connection_was_made_or_it_was_not() -> None:
    assert _never_connected(ConnectTimeout())
    assert not _never_connected(ReadTimeout())
