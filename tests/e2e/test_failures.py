"""What goes wrong on a bad day: nothing lost, nothing answered twice."""

from __future__ import annotations

import signal
import time

import pytest

from tests.local_run import LocalRun
from tests.person import Answer, Person


@pytest.fixture(scope="module")
def people(run: LocalRun) -> list[Person]:
    return [Person(run.playground_url) for _ in range(6)]


def send_all(people: list[Person], picture: bytes) -> list[tuple[Person, int]]:
    return [(person, person.send_photos(picture)[0]) for person in people]


def all_answered_once(sent: list[tuple[Person, int]]) -> None:
    answers = [person.wait(message_id, seconds=90)[0] for person, message_id in sent]
    time.sleep(1)
    for person, message_id in sent:
        answers.append(person.answer(message_id))
    assert all(answer.photo for answer in answers)
    assert all(photos(answer) == 1 for answer in answers)


def photos(answer: Answer) -> int:
    return sum("photo" in message for message in answer.messages)


@pytest.mark.parametrize("victim", ["services.app_image", r"-m bot$"])
def test_a_process_killed_while_working_costs_no_answer_and_doubles_none(
    run: LocalRun, people: list[Person], astronaut_jpeg: bytes, victim: str
) -> None:
    sent = send_all(people, astronaut_jpeg)
    time.sleep(0.2)
    run.kill(victim)
    sent += send_all(people[:3], astronaut_jpeg)
    all_answered_once(sent)


def test_a_service_that_hangs_is_replaced_by_its_lease(
    run: LocalRun, people: list[Person], astronaut_jpeg: bytes
) -> None:
    """Stopped for a while, then going on: the answer may be repeated only as the same edit."""
    for process in (victims := run.processes("services.app_image")):
        process.suspend()
    sent = send_all(people[:2], astronaut_jpeg)
    time.sleep(2)
    for process in victims:
        process.resume()
    all_answered_once(sent)


def test_nginx_gone_for_five_seconds_dead_letters_nothing(
    run: LocalRun, people: list[Person], astronaut_jpeg: bytes
) -> None:
    if not run.processes("nginx"):
        pytest.skip("needs nginx: install it (apt install nginx-light)")
    for process in run.processes("nginx"):
        process.send_signal(signal.SIGSTOP)
    sent = send_all(people, astronaut_jpeg)
    time.sleep(5)
    run.kill("nginx")
    all_answered_once(sent)


def test_the_queue_holds_nothing_of_what_was_answered(
    run: LocalRun, people: list[Person], astronaut_jpeg: bytes
) -> None:
    all_answered_once(send_all(people[:1], astronaut_jpeg))
    folder = run.log.parent
    time.sleep(1)
    kept = b"".join(path.read_bytes() for path in folder.glob("queue.db*"))
    file_ids = [
        size["file_id"]
        for entry in people[0].history()
        for size in entry["message"].get("photo", [])
    ]
    assert file_ids
    assert kept
    assert not [file_id for file_id in file_ids if file_id.encode() in kept]
