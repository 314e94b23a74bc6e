from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.picture_server import picture_server as serving
from tests.local_run import LocalRun
from tests.person import Person


@pytest.fixture(scope="session", autouse=True)
def valkey_image() -> None:
    """An engine without a registry may have Valkey under its shorter tag alone."""
    has = ["docker", "image", "inspect", "--format", "{{.Id}}"]

    def is_there(image: str) -> bool:
        return subprocess.run([*has, image], capture_output=True, check=False).returncode == 0

    if shutil.which("docker") and not is_there("valkey/valkey:9.1") and is_there("valkey/valkey:9"):
        os.environ.setdefault("VALKEY_IMAGE", "valkey/valkey:9")


@pytest.fixture(scope="session")
def picture_server(astronaut_jpeg: bytes) -> Iterator[str]:
    """The address of a stranger's web server."""
    with serving(astronaut_jpeg) as address:
        yield address


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, picture_server: str) -> Iterator[LocalRun]:
    """One run for the tests of a module."""
    allow = picture_server.removeprefix("http://")
    folder: Path = tmp_path_factory.mktemp("run")
    with LocalRun(folder, SEMBLANCE_URL_ALLOW=allow, SEMBLANCE_LEASE_S="5") as run:
        yield run


@pytest.fixture
def person(run: LocalRun) -> Person:
    return Person(run.playground_url)
