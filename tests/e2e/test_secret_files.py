"""Secrets as files in Docker Compose, by the very lines that docs/operations.md gives."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.compose import NEEDED, has_engine
from utils.settings import ROOT

pytestmark = pytest.mark.skipif(not has_engine(), reason=NEEDED)

_PROJECT = "semblance-secret-files"
_TOKEN, _SECRET = "123456:" + "F" * 35, "a-secret-that-stands-in-a-file"
_SHOW = (
    "from utils.settings import Settings as S; s = S.load();"
    "print(s.telegram_token.reveal(), s.secret.reveal())"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where an operator has put the page's lines."""
    folder = tmp_path_factory.mktemp("compose")
    page = (ROOT / "docs" / "operations.md").read_text()
    section = page.split("### Secrets as files\n")[1].split("\n## ")[0]
    (override,) = re.findall("```yaml\n(.+?)```", section, re.DOTALL)
    (names,) = re.findall("```sh\n(.+?)```", section, re.DOTALL)
    secrets = folder / "secrets"
    secrets.mkdir()
    (secrets / "telegram_token").write_text(_TOKEN + "\n")
    (secrets / "semblance_secret").write_text(_SECRET + "\n")
    # Compose takes what a file names relative to its first file, which is the project's here.
    (folder / "override.yml").write_text(override.replace("./secrets", str(secrets)))
    (folder / "env").write_text(names)
    return folder


@pytest.fixture(scope="module")
def image() -> Iterator[None]:
    """The project's image, and nothing of this project left behind."""
    bare = {**os.environ, "SEMBLANCE_SECRET": "only to build an image"}
    subprocess.run(
        ["docker", "compose", "build", "--quiet", "app_image"], cwd=ROOT, env=bare, check=True
    )
    yield
    subprocess.run(
        ["docker", "compose", "-p", _PROJECT, "down", "--volumes"], cwd=ROOT, env=bare, check=True
    )


def _compose(folder: Path, *arguments: str) -> str:
    files = ["-f", str(ROOT / "docker-compose.yml"), "-f", str(folder / "override.yml")]
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("SEMBLANCE", "TELEGRAM"))}
    return subprocess.run(
        [
            "docker",
            "compose",
            "-p",
            _PROJECT,
            "--env-file",
            str(folder / "env"),
            *files,
            *arguments,
        ],
        cwd=ROOT,
        env=kept,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


@pytest.mark.parametrize("service", ["settings", "bot", "app_image", "app_url"])
@pytest.mark.usefixtures("image")
def test_a_container_reads_its_secrets_from_files(folder: Path, service: str) -> None:
    said = _compose(folder, "run", "--rm", "--no-deps", service, "python", "-c", _SHOW)
    assert said.split() == [_TOKEN, _SECRET]


def test_what_compose_hands_to_docker_names_files_alone(folder: Path) -> None:
    told = _compose(folder, "config")
    assert "/run/secrets/semblance_secret" in told
    assert _TOKEN not in told
    assert _SECRET not in told
