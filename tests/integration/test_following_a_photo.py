"""One photo through all real processes: its id is in every log, and nothing of it is in any."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from benchmarks.picture_server import picture_server
from tests.fakes_services import SECRET, TOKEN
from tests.local_run import free_port
from tests.metric_values import values_of
from tests.person import Person
from tests.service_processes import Process, eventually, gunicorn, nginx, nginx_command, process

MARKER = "marker"


@dataclass
class World:
    """Playground, services, nginx and bot, all of them logging JSON."""

    folder: Path
    person: Person
    stranger: str
    services: dict[str, Process]
    bot_metrics: str

    def send(self, **content: Any) -> str:
        """Send something as a person and wait for its answer; the id of its job."""
        answer = requests.post(self.person._messages, timeout=30, **content)
        answer.raise_for_status()
        sent = answer.json()
        self.person.wait(sent["message_ids"])
        return f"{sent['update_ids'][0]}-0"

    def logs(self) -> dict[str, str]:
        names = ("bot.log", "nginx_access.log", "app_image.log", "app_url.log")
        return {name: (self.folder / name).read_text(encoding="utf-8") for name in names}

    def lines(self, job_id: str) -> dict[str, list[dict[str, Any]]]:
        """What each process logged about a job."""
        return {
            name: [
                told for told in map(json.loads, log.splitlines()) if told["request_id"] == job_id
            ]
            for name, log in self.logs().items()
        }

    def figures(self) -> list[str]:
        """Everything that anybody tells Prometheus: the bot first."""
        of_services = [
            each.call("GET", "/metrics").body.decode() for each in self.services.values()
        ]
        return [requests.get(self.bot_metrics, timeout=10).text, *of_services]


@contextmanager
def everything(folder: Path, photo: bytes) -> Iterator[World]:
    nginx_command()
    port_file, metrics_at = folder / "port", f"127.0.0.1:{free_port()}"
    with ExitStack() as stack:
        stranger = stack.enter_context(picture_server(photo))
        playground = [sys.executable, "-m", "playground", "--port", "0"]
        stack.enter_context(
            process(
                [*playground, "--port-file", str(port_file)],
                folder / "playground.log",
                {"TELEGRAM_TOKEN": TOKEN},
            )
        )
        port = eventually(
            lambda: port_file.exists() and port_file.read_text().strip(), "the playground"
        )
        telegram = f"http://127.0.0.1:{port}"
        environ = {"TELEGRAM_API_URL": telegram, "SEMBLANCE_LOG": "json"}
        services = {
            name: stack.enter_context(gunicorn(f"services.{name}:create()", folder, **environ))
            for name in ("app_image", "app_url")
        }
        image, url = services.values()
        proxy = stack.enter_context(nginx(folder, app_image=[image.socket], app_url=[url.socket]))
        stack.enter_context(
            process(
                [sys.executable, "-m", "bot"],
                folder / "bot.log",
                {
                    **environ,
                    "TELEGRAM_TOKEN": TOKEN,
                    "SEMBLANCE_SECRET": SECRET,
                    "SEMBLANCE_QUEUE": f"sqlite:///{folder}/queue.db",
                    "SEMBLANCE_PROXY_URL": f"http://{proxy.socket}",
                    "SEMBLANCE_METRICS_BIND": metrics_at,
                },
            )
        )
        yield World(folder, Person(telegram), stranger, services, f"http://{metrics_at}/metrics")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, astronaut_jpeg: bytes) -> Iterator[World]:
    with everything(tmp_path_factory.mktemp("f"), astronaut_jpeg) as world:
        yield world


@pytest.fixture(scope="module")
def jobs(world: World, astronaut_jpeg: bytes) -> dict[str, str]:
    """Ids of three answered jobs, each with marks that must turn up nowhere."""
    photo = {"photo": (f"{MARKER}.jpg", astronaut_jpeg, "image/jpeg")}
    caption = {"text": f"{MARKER} in a caption", "as_file": "1"}
    return {
        "photo": world.send(files=photo, data=caption),
        "link": world.send(json={"text": f"{world.stranger}/photo.jpg?{MARKER}"}),
        "nothing": world.send(json={"text": f"{world.stranger}/{MARKER}/nothing.jpg"}),
    }


@pytest.mark.parametrize(
    ("kind", "route", "log", "status", "outcome"),
    [
        ("photo", "/classify", "app_image.log", 200, "answered"),
        ("link", "/classify_url", "app_url.log", 200, "answered"),
        ("nothing", "/classify_url", "app_url.log", 422, "url_unreachable"),
    ],
)
def test_one_id_leads_through_bot_nginx_and_service(
    world: World, jobs: dict[str, str], kind: str, route: str, log: str, status: int, outcome: str
) -> None:
    told = eventually(
        lambda: (
            (lines := world.lines(jobs[kind]))
            and all(lines[name] for name in ("nginx_access.log", log))
            and len(lines["bot.log"]) == 2
            and lines
        ),
        "the last line",
    )
    queued, done = told["bot.log"]
    assert (queued["message"], queued["ahead"]) == ("queued", 0)
    words = "delivered" if status == 200 else f"refused, {outcome}"
    assert (done["message"], done["attempt"]) == (words, 1)
    (passed,) = told["nginx_access.log"]
    assert (passed["route"], passed["status"]) == (route, status)
    request = told[log][-1]
    assert (request["route"], request["status"], request["outcome"]) == (route, status, outcome)
    assert queued["time"] <= request["time"] <= done["time"]
    others = {"app_image.log", "app_url.log"} - {log}
    assert not any(told[name] for name in others)


def test_the_figures_of_bot_and_services_tell_the_same_story(
    world: World, jobs: dict[str, str]
) -> None:
    bot, image, url = (values_of(each) for each in world.figures())
    assert bot['semblance_jobs_finished_total{outcome="delivered"}'] == 2
    assert bot['semblance_jobs_finished_total{outcome="refused"}'] == 1
    assert bot["semblance_job_delivery_seconds_count"] == 2
    assert image['semblance_photos_total{outcome="faces",route="/classify"}'] == 1
    assert url['semblance_photos_total{outcome="url_unreachable",route="/classify_url"}'] == 1
    stages = ("fetch", "decode", "detect", "classify", "annotate", "encode", "deliver")
    for stage in stages:
        assert image[f'semblance_stage_seconds_count{{stage="{stage}"}}'] == 1, stage
    edits = 'semblance_telegram_calls_total{method="editMessageMedia",status="200"}'
    assert (image[edits], url[edits]) == (1, 1)


def test_nothing_of_people_is_in_any_log_or_figure(
    world: World, jobs: dict[str, str], astronaut_jpeg: bytes
) -> None:
    file_ids = [
        entry["message"]["document"]["file_id"]
        for entry in world.person.history()
        if entry["sender"] != "bot" and "document" in entry["message"]
    ]
    assert file_ids
    planted = [MARKER, TOKEN, SECRET, world.stranger.removeprefix("http://"), *file_ids]
    planted += ["photo.jpg", str(world.person.chat_id)]
    told = [*world.logs().values(), *world.figures()]
    assert all(told)
    for secret in planted:
        assert not [text for text in told if secret in text], secret
