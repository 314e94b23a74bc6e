import threading

import pytest

from services.app_image.source import FileSource
from services.app_url.source import UrlSource
from services.job_route import AT_ONCE, MAX_JOB_BYTES
from tests.fakes_services import (
    JPEG,
    FakeChats,
    FakeEngine,
    FakeFetcher,
    FakeFiles,
    app_of,
    job,
    signed,
)
from utils.errors import FileGone, TelegramUnavailable


@pytest.fixture
def chats():
    return FakeChats()


def client_of(chats, *, files=None, engine=None, **environ):
    source = FileSource(files or FakeFiles(), max_bytes=10**6)
    web = UrlSource(FakeFetcher())
    return app_of(source, web, chats=chats, engine=engine, **environ).test_client()


def post(client, body, headers=None, route="/classify"):
    return client.post(route, data=body, headers=signed(body) if headers is None else headers)


def test_a_signed_job_is_answered_in_its_chat(chats):
    answer = post(
        client_of(chats), job().encode(), signed(job().encode()) | {"X-Request-ID": "5-0"}
    )
    assert answer.json == {"success": 1, "faces": 1, "request_id": "5-0"}
    assert chats.methods == ["edit_photo"]


def test_the_bytes_of_the_jobs_file_are_looked_at(chats):
    engine = FakeEngine()
    post(client_of(chats, engine=engine), job(source="XYZ").encode())
    assert engine.seen == [JPEG + b"XYZ"]


def test_a_job_with_a_url_is_for_the_other_route(chats):
    body = job(kind="url", source="https://example.org/a.jpg").encode()
    assert post(client_of(chats), body).status_code == 400
    assert post(client_of(chats), body, route="/classify_url").json["success"] == 1


def test_no_face_is_a_success(chats):
    answer = post(client_of(chats, engine=FakeEngine(faces=())), job().encode())
    assert (answer.status_code, answer.json["faces"]) == (200, 0)
    assert chats.methods == ["edit_text"]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Semblance-Signature": ""},
        {"X-Semblance-Signature": "00" * 32},
        {"X-Semblance-Signature": "ä"},
        signed(b"another body"),
    ],
)
def test_without_a_valid_signature_it_is_403_and_nothing_happens(chats, headers):
    engine = FakeEngine()
    answer = post(client_of(chats, engine=engine), job().encode(), headers)
    assert (answer.status_code, answer.json["error"]["code"]) == (403, "not_signed")
    assert engine.seen == chats.calls == []


def test_without_a_secret_no_signature_is_valid(chats):
    client = client_of(chats, SEMBLANCE_SECRET="")
    assert post(client, job().encode()).status_code == 403


class Body:
    """Counts what is read of it."""

    def __init__(self, size):
        self.left, self.taken = size, 0

    def read(self, size=-1):
        size = self.left if size < 0 else min(size, self.left)
        self.left -= size
        self.taken += size
        return b"x" * size

    def readinto(self, buffer):
        piece = self.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)


@pytest.mark.parametrize("length", ["5000000", None])
@pytest.mark.parametrize("headers", [{}, {"X-Semblance-Signature": "00" * 32}])
def test_of_an_unsigned_body_no_more_is_read_than_a_job_can_take(chats, headers, length):
    body = Body(5_000_000)
    environ = {"wsgi.input": body, "wsgi.input_terminated": True}
    if length is not None:
        environ["CONTENT_LENGTH"] = length
    answer = client_of(chats).post("/classify", headers=headers, environ_overrides=environ)
    assert answer.status_code == 403
    assert body.taken <= MAX_JOB_BYTES + 1


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"null", b"\xff", job().encode()[:-5]])
def test_a_signed_body_that_is_no_job_is_a_bad_request(chats, body):
    assert post(client_of(chats), body).status_code == 400


def test_a_picture_that_cannot_be_read_is_passed_on_as_4xx(chats):
    engine = FakeEngine(errors={JPEG + b"AgAD": FileGone("gone")})
    assert post(client_of(chats, engine=engine), job().encode()).status_code == 422
    assert chats.calls == []


def test_telegram_away_is_502_with_a_time_to_come_again(chats):
    files = FakeFiles(TelegramUnavailable("429", retry_after_s=7))
    answer = post(client_of(chats, files=files), job().encode())
    assert (answer.status_code, answer.headers["Retry-After"]) == (502, "7")


def test_a_service_without_a_token_says_so_in_its_log(caplog):
    answer = post(client_of(None), job().encode())
    assert answer.status_code == 500
    assert "TELEGRAM_TOKEN is not set" in caplog.text


class SlowFiles(FakeFiles):
    """Holds every download until `go_on`; `asked` counts them."""

    def __init__(self):
        super().__init__()
        self.asked, self.go_on = threading.Semaphore(0), threading.Event()

    def get_file(self, file_id, *, max_bytes):
        self.asked.release()
        assert self.go_on.wait(10)
        return super().get_file(file_id, max_bytes=max_bytes)


def test_who_comes_when_all_are_under_way_is_refused_before_anything_is_fetched(chats):
    files = SlowFiles()
    client = client_of(chats, files=files)
    answers = []
    crowd = [
        threading.Thread(
            target=lambda: answers.append(post(client.application.test_client(), job().encode()))
        )
        for _ in range(AT_ONCE)
    ]
    for each in crowd:
        each.start()
        assert files.asked.acquire(timeout=10)
    refused = post(client, job().encode())
    assert (refused.status_code, refused.json["error"]["code"]) == (503, "busy")
    assert refused.headers["Retry-After"] == "1"
    assert not files.asked.acquire(blocking=False)
    files.go_on.set()
    for each in crowd:
        each.join()
    assert [answer.status_code for answer in answers] == [200] * AT_ONCE
