"""The wheel, in an environment that has never seen this repository."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from utils import VERSION
from utils.settings import ROOT

FACE = ROOT / "playground" / "static" / "sample.jpg"
PROGRAM = """\
from utils.pipeline import Options, analyze
faces: int = len(analyze("photo.jpg", Options(max_faces=1)).faces)
label: str = analyze(b"").faces[0].emotion.label
"""


def uv(*arguments: str | Path, cwd: Path = ROOT) -> str:
    """Run uv; where it cannot reach what it needs, skip."""
    command = Path(sys.executable).with_name("uv")
    if not command.exists():
        pytest.skip("needs uv: pip install uv")
    done = subprocess.run(
        [command, "--quiet", *arguments], cwd=cwd, capture_output=True, text=True, check=False
    )
    if done.returncode and ("error sending request" in done.stderr or "Connect" in done.stderr):
        pytest.skip("needs a package index")
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    # A copy, as of a fresh clone: what is built must not depend on what lies about here.
    source = folder / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE", ".gitignore"):
        shutil.copy(ROOT / name, source)
    for name in ("utils", "trained_models", "services"):
        shutil.copytree(ROOT / name, source / name)
    uv("build", "--wheel", "--out-dir", folder, source)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of an environment with the wheel and the lock's versions of what it needs."""
    folder = tmp_path_factory.mktemp("elsewhere")
    locked = folder / "locked.txt"
    export = ("export", "--locked", "--no-default-groups", "--no-emit-project", "--no-hashes")
    uv(*export, "--output-file", locked)
    uv("venv", "--python", sys.executable, folder / "venv")
    python = folder / "venv" / "bin" / "python"
    uv("pip", "install", "--python", python, "--constraint", locked, wheel, cwd=folder)
    yield folder
    shutil.rmtree(folder / "venv")


def outside(folder: Path, *command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run what is installed there, without a path to here."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "SEMBL"))}
    return subprocess.run(
        [folder / "venv" / "bin" / command[0], *command[1:]],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_holds_the_library_and_the_served_networks_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    modules = {f"utils/{path.relative_to(ROOT / 'utils')}" for path in ROOT.glob("utils/**/*.py")}
    networks = ("detector", "emotion", "gender")
    models = {f"trained_models/{name}.{end}" for name in networks for end in ("onnx", "md")}
    rest = {name for name in names if ".dist-info/" not in name}
    assert rest == {*modules, *models, "utils/py.typed", "trained_models/manifest.json"}
    assert wheel.name == f"semblance-{VERSION}-py3-none-any.whl"
    assert wheel.stat().st_size < 6_000_000


def test_the_command_runs_where_it_is_installed(installed: Path) -> None:
    shutil.copy(FACE, installed / "photo.jpg")
    assert outside(installed, "semblance", "--version").stdout == f"semblance {VERSION}\n"
    done = outside(installed, "semblance", "analyze", "photo.jpg")
    assert done.returncode == 0, done.stderr
    assert '"label": "happiness"' in done.stdout


def test_the_library_runs_where_it_is_installed(installed: Path) -> None:
    shutil.copy(FACE, installed / "photo.jpg")
    code = "from utils.pipeline import analyze as a; print(len(a('photo.jpg').faces))"
    done = outside(installed, "python", "-c", code)
    assert done.stdout == "1\n", done.stderr


def test_a_users_program_is_type_checked(installed: Path) -> None:
    (installed / "program.py").write_text(PROGRAM)
    python = installed / "venv" / "bin" / "python"
    checker = [sys.executable, "-m", "mypy", "--strict", "--python-executable", python]
    done = subprocess.run(
        [*checker, "program.py"], cwd=installed, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    (installed / "program.py").write_text(PROGRAM.replace("label: str", "label: int"))
    done = subprocess.run(
        [*checker, "program.py"], cwd=installed, capture_output=True, text=True, check=False
    )
    assert "Incompatible types in assignment" in done.stdout
