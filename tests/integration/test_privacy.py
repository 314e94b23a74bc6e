"""Nothing of what people send is left: looked for in every file that a real run could write.

The playground is left out: it stands in for Telegram, which keeps photos and chats by its nature,
and keeps them in memory. What it prints is in the run's log, which is searched.
"""

from __future__ import annotations

import base64
import itertools
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
import requests

from playground.profile import FIRST_NAME as BOT_NAME
from services.app_lambda.handler import handler_of
from tests.fakes_services import FakeEngine, settings
from tests.person import Person
from tests.redis import needs_redis
from tests.searched_run import Sent, Site, eventually, site_of
from tests.semblance import semblance
from tests.traces import Watch, open_files, temporary_files

_PICTURES = 100

_HTTP = {"method": "POST", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1"}


@pytest.fixture(scope="module", params=["sqlite", pytest.param("redis", marks=needs_redis)])
def site(request, tmp_path_factory, astronaut):
    folder = tmp_path_factory.mktemp("p")
    with site_of(folder, Sent(astronaut), request.param, SEMBLANCE_API_RATE="1000") as site:
        yield site


def note_what_telegram_knows(site: Site, person: Person) -> None:
    """File ids and names of a chat, and the copies that Telegram made of its photos."""
    known: set[str] = set()
    for entry in person.history():
        for key, value in _leaves(entry["message"]):
            told = key in ("file_id", "file_unique_id", "first_name")
            if told and value not in known | {BOT_NAME}:
                known.add(value)
                traces = site.sent.names if key == "first_name" else site.sent.everything
                traces.add_word(key, value)
                if key == "file_unique_id":
                    site.sent.look_for("copy", person.download({key: value}))


def _leaves(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _leaves(each, name)
    elif isinstance(value, list):
        for each in value:
            yield from _leaves(each, key)
    else:
        yield key, value


def through_the_chat(site: Site, person: Person, links: Iterator[str]) -> None:
    sent = site.sent
    asked = person.send_photos(sent.picture(), caption=sent.word("caption"))
    asked += person.send_photos(sent.picture(), name=f"{sent.word('name')}.jpg")
    asked += person.send_photos(*(sent.picture() for _ in range(4)), caption=sent.word("caption"))
    asked += person.send_photos(sent.picture(), as_file=True, name=f"{sent.word('name')}.jpg")
    asked += [person.send(f"{sent.word('words')} {site.stranger}{next(links)}") for _ in range(2)]
    for answer in person.wait(asked):
        assert answer.photo is not None
        sent.look_for("answer", person.download(answer.photo))
    broken = [
        *person.send_photos(sent.picture()[:9_000], as_file=True, name=f"{sent.word('name')}.jpg"),
        person.send(f"{site.stranger}/{sent.word('missing')}.jpg"),
        person.send(f"http://169.254.169.254/{sent.word('inside')}"),
        person.send(f"http://{sent.word('host')}.invalid/{sent.word('nowhere')}.jpg"),
    ]
    assert all(answer.photo is None for answer in person.wait(broken))
    person.send(sent.word("words"))
    note_what_telegram_knows(site, person)


def through_the_api(site: Site, links: Iterator[str]) -> None:
    sent, url = site.sent, site.run.api_url

    def ask(path: str, **content: Any) -> bytes:
        answer = requests.post(f"{url}{path}", timeout=60, **content)
        assert answer.status_code == 200, (path, answer.text[:300])
        return answer.content

    def named(field: str) -> dict[str, Any]:
        return {field: (f"{sent.word('name')}.jpg", sent.picture(), "image/jpeg")}

    for _ in range(5):
        ask("/v1/faces", files=named("image"))
        ask("/v1/faces", files=[*named("image").items(), *named("image").items()])
        ask("/v1/faces", data=sent.picture(), headers={"Content-Type": "image/jpeg"})
        ask("/v1/faces", json={"image": base64.b64encode(sent.picture()).decode()})
        ask("/v1/faces/url", json={"url": f"{site.stranger}{next(links)}?{sent.word('query')}"})
        accept = {"Accept": "image/png"}
        sent.look_for("answer", ask("/v1/faces", files=named("image"), headers=accept))
        ask("/", files=named("imgData"))
        ask("/face", data={"imgBase64": base64.b64encode(sent.picture()).decode()})
        ask("/predict", json={"url": f"{site.stranger}{next(links)}"})
        sent.look_for("answer", ask("/face-sentiment", files=named("file")))
    refused = requests.post(f"{url}/v1/faces", data=sent.picture()[:9_000], timeout=60)
    assert refused.status_code >= 400
    for path in (f"/{sent.word('path')}", f"/v1/faces?{sent.word('query')}"):
        assert requests.get(f"{url}{path}", timeout=60).status_code >= 400


def test_what_waits_is_found_and_gone_once_it_is_answered(site):
    person, sent = Person(site.run.playground_url), site.sent
    word = sent.word("path")
    asked = [
        person.send_photos(sent.picture())[0],
        person.send(f"{site.stranger}/photo.jpg?{word}"),
    ]
    note_what_telegram_knows(site, person)

    def kept() -> set[str]:
        return {each.partition(":")[0] for each in sent.everything.found_among(site.queue())}

    eventually(lambda: {"file_id", "path"} <= kept(), "both jobs to wait")
    assert sent.pictures.found_among(site.own()) == []
    site.gate.set()
    assert all(answer.photo for answer in person.wait(asked))
    eventually(lambda: not kept(), "both jobs to be forgotten")


def test_nothing_is_left_of_a_hundred_photos_through_every_door(site):
    site.gate.set()
    people = [Person(site.run.playground_url) for _ in range(5)]
    links = itertools.cycle(site.linked)
    with Watch(site.sent.pictures, site.processes()) as watch:
        for person in people:
            through_the_chat(site, person, links)
        through_the_api(site, links)
    assert site.sent.count >= _PICTURES
    assert watch.looks > 10
    assert watch.found == set()
    eventually(lambda: not site.sent.everything.found_among(site.queue()), "the queue to be tidied")
    site.forget()
    assert site.found() == []


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("redis", marks=needs_redis)])
def test_a_dead_letter_is_found_until_its_time_is_over(tmp_path, astronaut, kind):
    sent = Sent(astronaut)
    limits = {"SEMBLANCE_JOB_MAX_AGE_S": "15", "SEMBLANCE_DEAD_TTL_S": "5"}
    with site_of(tmp_path, sent, kind, **limits) as site:
        person = Person(site.run.playground_url)
        asked = person.send_photos(sent.picture())
        note_what_telegram_knows(site, person)
        (apology,) = person.wait(asked)
        assert apology.photo is None
        assert sent.everything.found_among(site.queue()) != []
        site.gate.set()
        time.sleep(5)
        # Whoever comes next is answered, and then the bot clears up.
        other = Person(site.run.playground_url)
        assert other.wait(other.send_photos(sent.picture()))[0].photo
        note_what_telegram_knows(site, other)
        eventually(lambda: not sent.everything.found_among(site.queue()), "it to be forgotten")
        site.forget()
        assert site.found() == []


def test_the_lambda_function_writes_and_says_nothing_of_a_picture(astronaut, caplog, capfd):
    sent, began = Sent(astronaut), time.time()
    answer = handler_of(settings(), FakeEngine())
    for path, body in (("/v1/faces", sent.picture()), ("/face-sentiment", b""), ("/x", b"")):
        event = {
            "version": "2.0",
            "rawPath": path,
            "rawQueryString": sent.word("query"),
            "headers": {"content-type": "image/jpeg", "x-name": sent.word("name")},
            "requestContext": {"http": {**_HTTP, "path": path}},
            "body": base64.b64encode(body).decode(),
            "isBase64Encoded": True,
        }
        assert answer(event, SimpleNamespace(aws_request_id="a-name"))["statusCode"] >= 200
    with pytest.raises(Exception, match="public"):
        answer({"url": f"http://10.0.0.1/{sent.word('path')}"}, None)
    printed = caplog.text + "".join(capfd.readouterr())
    assert sent.everything.found_in(printed.encode()) == set()
    assert sent.everything.found_among(temporary_files(began)) == []
    assert sent.everything.found_among(open_files([psutil.Process()])) == []


def test_the_command_line_writes_its_output_and_nothing_else(astronaut, tmp_path):
    sent, began = Sent(astronaut), time.time()
    photos, out = tmp_path / "photos", tmp_path / "out.jsonl"
    photos.mkdir()
    for _ in range(3):
        (photos / f"{sent.word('name')}.jpg").write_bytes(sent.picture())
    done = semblance("analyze", photos, "--json", out)
    assert done.returncode == 0, done.stderr
    assert sent.everything.found_in(out.read_bytes()) == {"name"}
    assert sent.pictures.found_in(out.read_bytes() + done.stdout + done.stderr) == set()
    out.unlink()
    for each in photos.iterdir():
        each.unlink()
    assert sent.everything.found_among(temporary_files(began)) == []
