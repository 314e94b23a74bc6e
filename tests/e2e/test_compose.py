"""The images and docker-compose.yml on a real engine: build, start, answer, scale, stop."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator

import pytest
import requests

from tests.local_run import free_port
from utils.settings import ROOT

_PROJECT = "semblance-test"


def has_engine() -> bool:
    """Whether a Docker engine with Compose answers here."""
    if shutil.which("docker") is None:
        return False
    asked = [["docker", "info"], ["docker", "compose", "version"]]
    return all(
        subprocess.run(argv, capture_output=True, check=False).returncode == 0 for argv in asked
    )


pytestmark = pytest.mark.skipif(
    not has_engine(), reason="needs a running Docker engine with the compose plugin"
)


def compose(environ: dict[str, str], *arguments: str) -> str:
    argv = ["docker", "compose", "--project-name", _PROJECT, *arguments]
    done = subprocess.run(
        argv, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=500, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def environ() -> Iterator[dict[str, str]]:
    """The environment of a running project: nginx and one replica of each service."""
    plain = {k: v for k, v in os.environ.items() if not k.startswith(("SEMBLANCE", "TELEGRAM"))}
    environ = {
        **plain,
        "SEMBLANCE_SECRET": "a-secret-for-compose-tests",
        "SEMBLANCE_PORT": str(free_port()),
    }
    try:
        compose(environ, "up", "--build", "--detach", "--wait", "nginx")
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


def test_replicas_are_added_and_used_without_a_reload(
    environ: dict[str, str], astronaut_jpeg: bytes
) -> None:
    scale = ("--scale", "app_image=3")
    compose(environ, "up", "--detach", "--wait", "--no-recreate", *scale, "app_image")
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


def test_the_serving_image_holds_no_tensorflow_and_no_secret(environ: dict[str, str]) -> None:
    code = (
        "import importlib.util as i; print([n for n in ('tensorflow','keras') if i.find_spec(n)])"
    )
    argv = ["docker", "run", "--rm", "semblance", "python", "-c", code]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
    history = subprocess.run(
        ["docker", "history", "--no-trunc", "semblance"], capture_output=True, text=True, check=True
    ).stdout
    assert "a-secret-for-compose-tests" not in history


def test_without_a_secret_nothing_starts_and_a_sentence_says_why(environ: dict[str, str]) -> None:
    bare = {k: v for k, v in environ.items() if k != "SEMBLANCE_SECRET"}
    if (ROOT / ".env").exists():
        pytest.skip("this checkout has an .env of its own, which may hold the secret")
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
