"""The main job as people see it: all processes as `make run` starts them."""

from __future__ import annotations

import io

import numpy as np
import pytest
import requests
from PIL import Image

from tests.conftest import encoded
from tests.local_run import LocalRun
from tests.person import Person


def test_a_photo_comes_back_annotated_in_place_of_the_status(
    run: LocalRun, person: Person, astronaut_jpeg: bytes
) -> None:
    (answer,) = person.wait(person.send_photos(astronaut_jpeg))
    assert answer.photo
    assert len(answer.messages) == 1
    assert "happiness" in answer.text
    assert "feel" not in answer.text
    with Image.open(io.BytesIO(person.download(answer.photo))) as picture:
        assert picture.size == (512, 512)
        drawn = np.asarray(picture.convert("RGB")).astype(int)
    with Image.open(io.BytesIO(astronaut_jpeg)) as original:
        plain = np.asarray(original.convert("RGB")).astype(int)
    changed = np.abs(drawn - plain).max(2) > 80
    assert changed[60:170, 170:280].sum() > 300
    assert changed[300:, :100].sum() < 50


def test_a_url_comes_back_as_the_annotated_photo(
    run: LocalRun, person: Person, picture_server: str
) -> None:
    (answer,) = person.wait(person.send(f"look: {picture_server}/photo.jpg?size=large"))
    assert answer.photo
    assert "happiness" in answer.text


def test_three_photos_at_once_get_three_answers(
    run: LocalRun, person: Person, astronaut_jpeg: bytes
) -> None:
    answers = person.wait(person.send_photos(*[astronaut_jpeg] * 3))
    assert len(answers) == 3
    assert all(answer.photo and len(answer.messages) == 1 for answer in answers)


def test_an_image_sent_as_a_file_is_answered(
    run: LocalRun, person: Person, astronaut: np.ndarray
) -> None:
    png = encoded(astronaut, "PNG")
    (answer,) = person.wait(person.send_photos(png, as_file=True, name="me.png"))
    assert answer.photo


def test_no_face_is_said_kindly(run: LocalRun, person: Person, coffee_jpeg: bytes) -> None:
    (answer,) = person.wait(person.send_photos(coffee_jpeg))
    assert "I found no face" in answer.text
    assert answer.photo is None


@pytest.mark.parametrize("damage", ["text", "half"])
def test_a_corrupt_file_gets_one_helpful_sentence_and_the_next_photo_works(
    run: LocalRun, person: Person, astronaut_jpeg: bytes, damage: str
) -> None:
    data = b"this is no picture" if damage == "text" else astronaut_jpeg[: len(astronaut_jpeg) // 2]
    (answer,) = person.wait(person.send_photos(data, as_file=True), seconds=20)
    assert answer.photo is None
    assert "picture" in answer.text
    assert "Traceback" not in answer.text
    (answer,) = person.wait(person.send_photos(astronaut_jpeg))
    assert answer.photo


@pytest.mark.parametrize(("path", "words"), [("/missing.jpg", "404"), ("/page.html", "picture")])
def test_a_url_without_a_picture_gets_one_helpful_sentence(
    run: LocalRun, person: Person, picture_server: str, path: str, words: str
) -> None:
    (answer,) = person.wait(person.send(picture_server + path), seconds=20)
    assert words in answer.text
    assert answer.photo is None


def test_an_address_inside_the_network_is_refused(run: LocalRun, person: Person) -> None:
    for url in (f"http://127.0.0.1:{run.port}/v1/faces", "http://169.254.169.254/latest/meta-data"):
        (answer,) = person.wait(person.send(url), seconds=20)
        assert answer.photo is None
        assert "http" in answer.text or "port" in answer.text or "public" in answer.text


def test_an_unreachable_server_is_said_within_ten_seconds(run: LocalRun, person: Person) -> None:
    (answer,) = person.wait(person.send("http://nowhere.invalid/photo.jpg"), seconds=10)
    assert answer.photo is None
    assert answer.text


@pytest.mark.parametrize(
    ("command", "words"), [("/start", "photo"), ("/help", "photo"), ("/privacy", "no pictures")]
)
def test_commands_are_answered_in_plain_words(run: LocalRun, command: str, words: str) -> None:
    person = Person(run.playground_url)
    person.send(command)
    text = person.wait_for_text()
    assert words in text
    assert "feels" not in text.replace("what anybody feels", "")


def test_the_json_api_answers_through_the_same_port(run: LocalRun, astronaut_jpeg: bytes) -> None:
    response = requests.post(f"{run.api_url}/v1/faces", files={"image": astronaut_jpeg}, timeout=30)
    assert response.status_code == 200
    assert response.json()["faces"][0]["emotion"]["label"] == "happiness"
    assert response.headers["X-Request-ID"]
    refused = requests.post(f"{run.api_url}/classify", json={}, timeout=30)
    assert refused.status_code == 403
    assert refused.json()["error"]["code"] == "not_signed"


def test_the_run_prints_no_secret_and_nothing_about_people(run: LocalRun, person: Person) -> None:
    person.wait(person.send("http://nowhere.invalid/holiday.jpg"), seconds=10)
    printed = run.printed()
    assert "a-secret-for-tests-alone" not in printed
    assert "holiday" not in printed
    assert "/bot" not in printed
    assert "Traceback" not in printed
