from __future__ import annotations

from contextlib import closing

import pytest

from bot.dispatcher.answers import Answer, Delivered, Later, Refused
from bot.dispatcher.client import ServiceClient
from tests.fakes import Reply, Request, serving
from tests.unit.bot.jobs import a_job
from utils.errors import ImageTooLarge
from utils.jobs import REQUEST_ID_HEADER, Job
from utils.settings import Secret
from utils.signature import SIGNATURE_HEADER, check

SECRET = Secret("a secret of some length")


def post(url: str, job: Job, *, timeout_s: tuple[float, float] = (5.0, 30.0)) -> Answer:
    with closing(ServiceClient(url, SECRET, connections=2, timeout_s=timeout_s)) as client:
        return client.post(job)


@pytest.mark.parametrize(("kind", "path"), [("file_id", "/classify"), ("url", "/classify_url")])
def test_a_job_goes_signed_to_the_service_of_its_kind(kind: str, path: str) -> None:
    job = a_job(kind=kind)
    with serving(lambda _: Reply()) as server:
        assert post(server.url, job) == Delivered()
    (request,) = server.requests
    assert request.path == path
    assert Job.decode(request.body) == job
    check(request.headers[SIGNATURE_HEADER], request.body, SECRET)
    assert request.headers[REQUEST_ID_HEADER] == job.id


def test_every_try_is_signed_anew() -> None:
    with serving(lambda _: Reply()) as server:
        post(server.url, a_job())
        post(server.url, a_job())
    first, second = server.requests
    assert first.body == second.body
    assert first.headers[SIGNATURE_HEADER] != second.headers[SIGNATURE_HEADER]


def test_retry_after_is_read() -> None:
    def busy(_: Request) -> Reply:
        return Reply(503, b"", {"Retry-After": "4"})

    with serving(busy) as server:
        assert post(server.url, a_job()) == Later(reason="503 http_503", after_s=4.0, full=True)


def test_nobody_listening_is_nobodys_fault() -> None:
    with serving(lambda _: Reply()) as gone:
        pass
    assert post(gone.url, a_job()) == Later(reason="ConnectionError", nobody=True)


def test_a_connection_that_breaks_off_is_nobodys_fault() -> None:
    with serving(lambda _: Reply(drop=True)) as server:
        answer = post(server.url, a_job())
    assert isinstance(answer, Later)
    assert answer.nobody
    assert not answer.counts


def test_an_answer_that_takes_too_long_is_no_sign_of_an_empty_house() -> None:
    with serving(lambda _: Reply()) as server:
        server.pause_s = 0.3
        answer = post(server.url, a_job(), timeout_s=(5.0, 0.01))
    assert answer == Later(reason="ReadTimeout", full=True)


def test_redirects_are_not_followed() -> None:
    with serving(lambda _: Reply(302, b"", {"Location": "/elsewhere"})) as server:
        assert post(server.url, a_job()) == Later(reason="302 http_302", counts=True)
    assert len(server.requests) == 1


def test_an_endless_answer_is_not_read_to_its_end() -> None:
    with serving(lambda _: Reply(413, b"x" * 5_000_000)) as server:
        assert post(server.url, a_job()) == Refused("http_413", ImageTooLarge.sentence)
