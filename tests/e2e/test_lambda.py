"""The function's image under AWS's own runtime emulator, as strict as Lambda is."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PIL import Image

from tests.compose import NEEDED, has_engine
from tests.local_run import free_port
from utils.settings import ROOT

_IMAGE = "semblance-lambda"
_EVENTS = ROOT / "deploy" / "aws" / "events"
_INVOCATIONS = "2015-03-31/functions/function/invocations"
Call = Callable[[Any], Any]


def docker(*arguments: str) -> str:
    done = subprocess.run(
        ["docker", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.strip()


@pytest.fixture(scope="module")
def image() -> str:
    if not has_engine():
        pytest.skip(NEEDED)
    built = subprocess.run(
        ["docker", "build", "-q", "-t", _IMAGE, "-f", "deploy/aws/Dockerfile", "."],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if built.returncode and "public.ecr.aws" in built.stderr:
        pytest.skip("needs public.ecr.aws/lambda/python:3.12")
    assert built.returncode == 0, built.stderr[-2000:]
    return _IMAGE


@contextlib.contextmanager
def function(image: str, **environ: str) -> Iterator[Call]:
    """The function at work; calling it gives what the caller of an event gets."""
    port = free_port()
    settings = {"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769", "AWS_LAMBDA_FUNCTION_TIMEOUT": "30"}
    name = docker(
        *("run", "--detach", "--read-only", "--tmpfs", "/tmp:size=64m", "--user", "993:990"),
        *("--publish", f"127.0.0.1:{port}:8080", "--memory", "1769m"),
        *(part for pair in (settings | environ).items() for part in ("-e", "=".join(pair))),
        image,
    )

    def call(event: Any) -> Any:
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/{_INVOCATIONS}", json.dumps(event).encode()
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                call({"httpMethod": "GET", "path": "/healthz", "headers": {}, "body": None})
                break
            except OSError:
                assert time.monotonic() < deadline, docker("logs", name)
                time.sleep(0.2)
        yield call
    finally:
        subprocess.run(["docker", "rm", "--force", name], capture_output=True, check=False)


@pytest.fixture(scope="module")
def call(image: str) -> Iterator[Call]:
    with function(image) as calling:
        yield calling


def event_of(name: str) -> Any:
    return json.loads((_EVENTS / f"{name}.json").read_text())


def test_the_sample_picture_comes_back_marked(call: Call) -> None:
    answer = call(event_of("event"))
    assert (answer["statusCode"], answer["isBase64Encoded"]) == (200, True)
    with Image.open(io.BytesIO(base64.b64decode(answer["body"]))) as picture:
        assert (picture.format, picture.size) == ("PNG", (256, 256))


def test_its_face_is_told_of_over_the_newer_kind_of_event(call: Call) -> None:
    answer = call(event_of("faces"))
    (face,) = json.loads(answer["body"])["faces"]
    assert (face["emotion"]["label"], face["gender"]["label"]) == ("happiness", "woman")


def test_a_bad_request_is_4xx_and_a_bad_event_an_error(call: Call) -> None:
    answer = call(event_of("bad"))
    assert (answer["statusCode"], json.loads(answer["body"])["error"]["code"]) == (
        400,
        "bad_request",
    )
    assert set(event_of("url")) == {"url"}
    refused = call({"url": "http://169.254.169.254/latest/meta-data/"})
    assert refused["errorType"] == "UrlRefused"
    assert refused["errorMessage"].startswith("I only fetch pictures from public")


def test_settings_reach_the_function(image: str) -> None:
    key = "a-key-of-the-tests"
    with function(image, SEMBLANCE_GENDER="off", SEMBLANCE_API_KEYS=key) as calling:
        event = event_of("faces")
        assert calling(event)["statusCode"] == 401
        event["headers"]["authorization"] = f"Bearer {key}"
        (face,) = json.loads(calling(event)["body"])["faces"]
        assert "gender" not in face


def test_the_package_is_below_250_mb_unpacked(image: str) -> None:
    asked = ("--apparent-size", "-sm", "/var/task")
    size = docker("run", "--rm", "--entrypoint", "du", image, *asked)
    assert 50 < int(size.split()[0]) < 250
