"""The scripts in the shells that they are for, where those are installed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from utils.archive.arguments import SHELLS, parser
from utils.archive.completion import script


def shell(name: str, text: str, *, cwd: Path) -> list[str]:
    if shutil.which(name) is None:
        pytest.skip(f"needs {name}")
    done = subprocess.run([name, "-c", text], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout.split("\n")[:-1]


def completed(words: str, cwd: Path) -> set[str]:
    """What bash offers for the last of these words."""
    probe = "\n".join(
        [
            # It works only while bash itself completes.
            "compopt() { :; }",
            script("bash", parser()),
            f"COMP_WORDS=({words})",
            "COMP_CWORD=$((${#COMP_WORDS[@]}-1))",
            "_semblance",
            'printf "%s\\n" "${COMPREPLY[@]}"',
        ]
    )
    return set(shell("bash", probe, cwd=cwd)) - {""}


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("semblance ''", {"analyze", "completion", "--help", "--version"}),
        ("semblance an", {"analyze"}),
        ("semblance analyze --max", {"--max-faces"}),
        ("semblance analyze --gender ''", {"on", "off"}),
        ("semblance completion ''", {*SHELLS, "--help", "-h"}),
        ("semblance analyze --json out", {"out.jsonl", "out of order.jsonl", "outer"}),
        ("semblance analyze --annotate o", {"outer"}),
        ("semblance analyze --workers ''", set()),
    ],
)
def test_bash_offers_what_fits(tmp_path: Path, words: str, offered: set[str]) -> None:
    (tmp_path / "outer").mkdir()
    for name in ("out.jsonl", "out of order.jsonl"):
        (tmp_path / name).touch()
    assert completed(words, tmp_path) == offered


@pytest.mark.parametrize("name", SHELLS)
def test_a_script_is_one_that_its_shell_reads(name: str, tmp_path: Path) -> None:
    path = tmp_path / "script"
    path.write_text(script(name, parser()))
    shell(
        name, f"{name} -n {path}" if name != "fish" else f"fish --no-execute {path}", cwd=tmp_path
    )


@pytest.mark.parametrize("name", SHELLS)
def test_a_script_knows_every_option(name: str) -> None:
    text = script(name, parser())
    for option in ("json", "csv", "annotate", "from", "shard", "cluster", "whole-up-to-px"):
        assert option in text


def test_fish_offers_what_fits(tmp_path: Path) -> None:
    path = tmp_path / "semblance.fish"
    path.write_text(script("fish", parser()))
    offered = shell("fish", f"source {path}; complete -C 'semblance analyze --gen'", cwd=tmp_path)
    assert [line.split("\t")[0] for line in offered] == ["--gender"]
