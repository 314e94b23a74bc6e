from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask, Response, jsonify, request
from werkzeug.test import Client

from bot.dispatcher.answers import Delivered, Later, Refused, read_answer
from services.signs_of_life import EVERY_S, FIRST_WORD_S, SignsOfLife
from tests.service_processes import TEMPLATE


class Job:
    """A route that answers when it is let go, with what it is told to."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.answer: Callable[[], Response | tuple[Response, int]] = lambda: jsonify(success=1)
        self.bodies: list[bytes] = []
        app = Flask(__name__)

        @app.post("/classify")
        @app.post("/elsewhere")
        def job() -> Any:
            self.bodies.append(request.get_data())
            self.go_on.wait(30)
            return self.answer()

        self.client = Client(
            SignsOfLife(app.wsgi_app, ["/classify"], first_word_s=0.05, every_s=0.02)
        )

    def late_body(self) -> bytes:
        """The whole body of an answer that comes after some blanks."""
        answer = self.client.post("/classify", data=b"a job")
        assert answer.status_code == 200
        assert answer.headers["X-Accel-Buffering"] == "no"
        blanks = iter(answer.response)
        start = [next(blanks) for _ in range(3)]
        self.go_on.set()
        return b"".join([*start, *blanks])


@pytest.fixture
def job() -> Iterator[Job]:
    job = Job()
    yield job
    job.go_on.set()


def test_what_is_done_in_time_is_answered_as_ever(job: Job) -> None:
    job.go_on.set()
    job.answer = lambda: (jsonify(error={"code": "busy"}), 503)
    answer = job.client.post("/classify", data=b"a job")
    assert (answer.status_code, answer.json) == (503, {"error": {"code": "busy"}})
    assert job.bodies == [b"a job"]


def test_what_takes_longer_begins_with_blanks_and_ends_with_the_answer(job: Job) -> None:
    body = job.late_body()
    assert body.startswith(b"   ")
    assert json.loads(body) == {"status": 200, "success": 1}
    assert isinstance(read_answer(200, body), Delivered)


def test_a_late_failure_is_read_as_the_failure_that_it_is(job: Job) -> None:
    def busy() -> tuple[Response, int]:
        answer = jsonify(error={"code": "busy", "message": "I am busy."})
        answer.headers["Retry-After"] = "7"
        return answer, 503

    job.answer = busy
    read = read_answer(200, job.late_body())
    assert read == Later(reason="503 busy", after_s=7.0, full=True)


def test_a_late_refusal_has_its_sentence(job: Job) -> None:
    job.answer = lambda: (jsonify(error={"code": "no_image", "message": "No picture."}), 422)
    assert read_answer(200, job.late_body()) == Refused("no_image", "No picture.")


def test_an_answer_that_is_no_json_keeps_its_status(job: Job) -> None:
    job.answer = lambda: (Response("oh"), 500)
    assert json.loads(job.late_body()) == {"status": 500}


def test_other_routes_wait_for_their_answer(job: Job) -> None:
    threading.Timer(0.2, job.go_on.set).start()
    answer = job.client.post("/elsewhere")
    assert answer.json == {"success": 1}


def test_it_says_something_well_before_nginx_takes_it_for_hung() -> None:
    _, _, rest = TEMPLATE.read_text().partition("proxy_read_timeout ")
    assert max(FIRST_WORD_S, EVERY_S) * 2 < float(rest.partition("s;")[0])
