from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from launcher.__main__ import main, make_run_folder


def test_the_run_folder_is_private_and_its_path_short(tmp_path: Path) -> None:
    folder = make_run_folder(tmp_path)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert len(folder.name) < 40


def test_folders_of_killed_launchers_go_and_those_of_living_ones_stay(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    dead, mine = tmp_path / f"semblance-{gone.pid}-x", tmp_path / f"semblance-{os.getpid()}-x"
    other, foreign = tmp_path / "semblance-notes-x", tmp_path / "semblance-1-x"
    for folder in (dead, mine, other, foreign):
        folder.mkdir()
    make_run_folder(tmp_path)
    assert not dead.exists()
    assert mine.exists()
    assert other.exists()
    assert foreign.exists()


def test_help_says_what_is_started(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as done:
        main(["--help"])
    assert done.value.code == 0
    assert "playground" in capsys.readouterr().out
