"""The images and docker-compose.yml on a real engine: build, start, answer, scale, stop."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections.abc import Iterator

import pytest
import requests

from bot.exits import NO_TOKEN
from services import VERSION
from tests.compose import NEEDED, has_engine
from tests.local_run import free_port
from tests.person import Person
from utils.settings import ROOT

_PROJECT = "semblance-test"


pytestmark = pytest.mark.skipif(not has_engine(), reason=NEEDED)


def run_compose(
    environ: dict[str, str], *arguments: str, project: str = _PROJECT
) -> subprocess.CompletedProcess[str]:
    argv = ["docker", "compose", "--project-name", project, *arguments]
    return subprocess.run(
        argv, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=500, check=False
    )


def compose(environ: dict[str, str], *arguments: str, project: str = _PROJECT) -> str:
    done = run_compose(environ, *arguments, project=project)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def inspect(what: str, form: str) -> str:
    """A field of a container or an image, in the engine's own words."""
    argv = ["docker", "inspect", "--format", form, what]
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture(scope="module")
def environ() -> Iterator[dict[str, str]]:
    """The environment of a running project: nginx and one replica of each service."""
    plain = {k: v for k, v in os.environ.items() if not k.startswith(("SEMBLANCE", "TELEGRAM"))}
    environ = {
        **plain,
        "SEMBLANCE_SECRET": "a-secret-for-compose-tests",
        "SEMBLANCE_PORT": str(free_port()),
        "SEMBLANCE_PLAYGROUND_PORT": str(free_port()),
    }
    front = ("app_image", "app_url", "nginx")
    try:
        compose(environ, "up", "--build", "--detach", "--wait", "--no-deps", *front)
        yield environ
    finally:
        compose(environ, "down", "--volumes", "--timeout", "5")


def ask(environ: dict[str, str], picture: bytes) -> requests.Response:
    url = f"http://127.0.0.1:{environ['SEMBLANCE_PORT']}/v1/faces"
    return requests.post(url, files={"image": picture}, timeout=30)


def test_a_photo_is_answered_through_the_published_port(
    environ: dict[str, str], astronaut_jpeg: bytes
) -> None:
    answer = ask(environ, astronaut_jpeg)
    assert answer.status_code == 200
    assert answer.json()["faces"][0]["emotion"]["label"] == "happiness"


def test_browsers_get_both_pages_and_all_that_they_load(environ: dict[str, str]) -> None:
    def get(path: str) -> requests.Response:
        url = f"http://127.0.0.1:{environ['SEMBLANCE_PORT']}/{path}"
        return requests.get(url, headers={"Accept": "text/html,*/*"}, timeout=30)

    site = json.loads(get("web/version.js").text.removeprefix("self.SITE = ").rstrip(";\n"))
    assert site["runtime"]
    for path in (*site["files"], "sw.js", "docs", "docs/page.js", "docs/page.css"):
        assert get(path).status_code == 200, path
    assert "<title>Semblance</title>" in get("").text
    assert "/v1/faces" in get("docs").text


def test_replicas_are_added_and_used_without_a_reload(
    environ: dict[str, str], astronaut_jpeg: bytes
) -> None:
    scale = ("--scale", "app_image=3")
    how = ("--detach", "--wait", "--no-recreate", "--no-deps")
    compose(environ, "up", *how, *scale, "app_image")
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert ask(environ, astronaut_jpeg).status_code == 200
        logs = compose(environ, "logs", "--no-log-prefix", "app_image")
        hosts = compose(environ, "ps", "--quiet", "app_image").split()
        used = [
            host
            for host in hosts
            if "route=/v1/faces"
            in subprocess.run(
                ["docker", "logs", host], capture_output=True, text=True, check=True
            ).stderr
        ]
        if len(used) == 3:
            break
    assert len(hosts) == 3
    assert len(used) == 3, logs[-2000:]


@pytest.fixture
def unconfigured(environ: dict[str, str]) -> dict[str, str]:
    """The environment, where no .env of this checkout adds settings of its own."""
    if (ROOT / ".env").exists():
        pytest.skip("this checkout has an .env of its own, which may hold secret and token")
    return environ


def test_without_a_token_one_sentence_is_said_once_and_nothing_restarts(
    unconfigured: dict[str, str],
) -> None:
    project = f"{_PROJECT}-tokenless"
    environ = {**unconfigured, "SEMBLANCE_PORT": str(free_port())}
    try:
        done = run_compose(environ, "up", "--detach", "--wait", project=project)
        assert done.returncode != 0
        assert "exit 78" in done.stderr
        said = compose(environ, "logs", "--no-log-prefix", project=project).splitlines()
        assert said == [NO_TOKEN]
        containers = compose(environ, "ps", "--all", "--quiet", project=project).split()
        form = '{{index .Config.Labels "com.docker.compose.service"}} {{.RestartCount}}'
        form += " {{.State.Status}} {{.State.ExitCode}}"
        states = dict(inspect(each, form).split(" ", 1) for each in containers)
        assert states.pop("settings") == "0 exited 78"
        assert set(states.values()) == {"0 created 0"}
    finally:
        compose(environ, "down", "--volumes", "--timeout", "5", project=project)


def test_the_playground_profile_answers_a_photo_without_telegram(
    unconfigured: dict[str, str], astronaut_jpeg: bytes
) -> None:
    project = f"{_PROJECT}-playground"
    environ = {**unconfigured, "SEMBLANCE_PORT": str(free_port())}
    profile = ("--profile", "playground")
    try:
        compose(environ, *profile, "up", "--detach", "--wait", project=project)
        person = Person(f"http://127.0.0.1:{environ['SEMBLANCE_PLAYGROUND_PORT']}")
        (answer,) = person.wait(person.send_photos(astronaut_jpeg))
        assert answer.photo
        assert "happiness" in answer.text
        # Through app_url and its wall: an address inside the networks is refused in words.
        (refused,) = person.wait(person.send("http://playground:8088/photo.jpg"))
        assert refused.photo is None
        assert refused.text
    finally:
        compose(environ, *profile, "down", "--volumes", "--timeout", "5", project=project)


def test_the_serving_image_holds_what_serving_needs(environ: dict[str, str]) -> None:
    code = """if True:
        import importlib.util, pathlib, sys
        unwanted = ("tensorflow", "keras", "pip", "ensurepip", "uv", "pytest")
        print([name for name in unwanted if importlib.util.find_spec(name)])
        print([str(p) for p in pathlib.Path(sys.prefix).rglob("tests")])
    """
    argv = ["docker", "run", "--rm", "semblance", "python", "-c", code]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == ["[]", "[]"]
    history = subprocess.run(
        ["docker", "history", "--no-trunc", "semblance"], capture_output=True, text=True, check=True
    ).stdout
    assert "a-secret-for-compose-tests" not in history


def test_the_serving_image_is_as_large_as_the_documentation_says(environ: dict[str, str]) -> None:
    text = (ROOT / "docker/python/Dockerfile").read_text()
    (base,) = re.findall(r"^ARG PYTHON_IMAGE=(\S+)", text, re.MULTILINE)
    ours = int(inspect("semblance", "{{.Size}}")) - int(inspect(base, "{{.Size}}"))
    text = (ROOT / "docs/operations.md").read_text()
    (said,) = re.findall(r"^\| in all, above the base image \| (\d+) MB \|", text, re.MULTILINE)
    assert abs(ours / 1e6 - int(said)) < 10


@pytest.mark.parametrize("image", ["semblance", "semblance-nginx"])
def test_an_image_says_what_it_is(environ: dict[str, str], image: str) -> None:
    labels = json.loads(inspect(image, "{{json .Config.Labels}}"))
    prefix = "org.opencontainers.image."
    assert labels[f"{prefix}title"] == image
    assert labels[f"{prefix}licenses"] == "Apache-2.0"
    assert labels[f"{prefix}version"] == VERSION
    assert labels[f"{prefix}revision"]


def test_without_a_secret_nothing_starts_and_a_sentence_says_why(
    unconfigured: dict[str, str],
) -> None:
    bare = {k: v for k, v in unconfigured.items() if k != "SEMBLANCE_SECRET"}
    done = subprocess.run(
        ["docker", "compose", "config"],
        cwd=ROOT,
        env=bare,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "put a line SEMBLANCE_SECRET=... into .env" in done.stderr
