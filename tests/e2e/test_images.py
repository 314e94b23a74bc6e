"""What the images hold: our code, and neither a secret nor anything else of the checkout."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import IO

import pytest

from tests.compose import NEEDED, has_engine
from utils.settings import ROOT

pytestmark = pytest.mark.skipif(not has_engine(), reason=NEEDED)

_SECRET = "a-secret-for-compose-tests"


def docker(*arguments: str) -> str:
    environ = os.environ | {"SEMBLANCE_SECRET": _SECRET}
    done = subprocess.run(
        ["docker", *arguments], cwd=ROOT, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.fixture(scope="module", autouse=True)
def images() -> None:
    docker("compose", "build", "--quiet", "app_image", "nginx")


@pytest.mark.parametrize("image", ["semblance", "semblance-nginx"])
def test_an_image_holds_no_secret_and_nothing_of_the_checkouts_own(
    image: str, tmp_path: Path
) -> None:
    """All layers are read, as what a later one removes is still in an earlier one."""
    assert _SECRET not in docker("history", "--no-trunc", image)
    archive = tmp_path / "image.tar"
    docker("save", "--output", str(archive), image)
    names, inner = [], 0
    with tarfile.open(archive) as image_files:
        for member in image_files:
            file = image_files.extractfile(member)
            if file is None:
                continue
            assert not holds(file, _SECRET.encode()), member.name
            file.seek(0)
            try:
                with tarfile.open(fileobj=file) as layer:
                    inner += 1
                    names += [each.name for each in layer if each.isfile()]
            except tarfile.TarError:
                continue
    assert inner > 3
    assert any(name.startswith(("app/utils/", "usr/share/semblance/")) for name in names)
    own = re.compile(r"(?:^|/)(?:\.env|\.git|\.venv/bin/uv|id_rsa|[^/]+\.db|uv\.lock)(?:$|/)")
    assert [name for name in names if own.search(name)] == []


def holds(file: IO[bytes], words: bytes) -> bool:
    """Whether a file holds them, read piece by piece."""
    tail = b""
    while piece := file.read(1 << 22):
        if words in tail + piece:
            return True
        tail = piece[-len(words) :]
    return False


def test_what_lies_about_in_a_checkout_reaches_no_image(tmp_path: Path) -> None:
    """The list of what may is an allow-list: whatever is planted beside the code stays there."""
    shutil.copy(ROOT / ".dockerignore", tmp_path)
    planted = [".env", ".git/config", "var/queue.db", "data/faces.npz", "notes.txt", "id_rsa"]
    planted += [f"{each}/.env" for each in ("bot", "services", "utils", "web", "docker/nginx")]
    planted += ["services/tls.key", "utils/tls.pem", "bot/queue.db-wal", "tests/secret.py"]
    planted += ["trained_models/private.npz", "launcher/private.py", "services/.git/config"]
    wanted = ["bot/__main__.py", "services/factory.py", "web/app.js", "LICENSE", "bootstrap.txt"]
    wanted += ["trained_models/emotion.onnx", "bot/work_queue/queue.lua"]
    for name in (*planted, *wanted):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("planted")
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    out = tmp_path / "out"
    built = ["docker", "buildx", "build", "--quiet", "--output", f"type=local,dest={out}"]
    subprocess.run([*built, str(tmp_path)], check=True, capture_output=True)
    sent = {each.relative_to(out).as_posix() for each in out.rglob("*") if each.is_file()}
    assert sent == set(wanted)
