from __future__ import annotations

import json
from typing import Any

import pytest

from utils.errors import BadRequest
from utils.jobs import Job


def a_job(**changes: Any) -> Job:
    values: dict[str, Any] = {
        "update_id": 11,
        "index": 2,
        "user_id": 7,
        "chat_id": -100,
        "reply_to": 5,
        "kind": "url",
        "source": "https://example.com/ä.jpg",
        "enqueued_at": 1.5,
    }
    return Job(**(values | changes))


def test_a_job_comes_back_as_it_was_encoded() -> None:
    job = a_job(message_thread_id=3, status_message_id=44, options={"a": [1]}, attempt=2)
    assert Job.decode(job.encode()) == job
    assert job.encode() == job.with_().encode()


def test_its_id_names_the_update_and_the_place_in_it() -> None:
    assert a_job().id == "11-2"


def test_a_changed_copy_leaves_the_job_as_it_is() -> None:
    job = a_job()
    assert job.with_(attempt=3).attempt == 3
    assert job.attempt == 0


def test_fields_of_a_newer_version_are_ignored() -> None:
    shape = json.loads(a_job().encode()) | {"colour": "red"}
    assert Job.decode(json.dumps(shape).encode()) == a_job()


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "hologram"},
        {"source": ""},
        {"source": "x" * 4097},
        {"update_id": "11"},
        {"chat_id": True},
        {"source": ["a"]},
    ],
)
def test_what_is_no_job_is_refused(changes: dict[str, Any]) -> None:
    shape = json.loads(a_job().encode()) | changes
    with pytest.raises(BadRequest):
        Job.decode(json.dumps(shape).encode())


@pytest.mark.parametrize("data", [b"", b"\xff", b"[]", b"null", b"{}", b'"x"'])
def test_bytes_that_are_no_job_are_refused(data: bytes) -> None:
    with pytest.raises(BadRequest):
        Job.decode(data)
