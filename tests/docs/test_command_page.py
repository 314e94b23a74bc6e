"""docs/command-line.md is what the parser says, and its examples are ones that it takes."""

from __future__ import annotations

import argparse
import doctest
import re
import shlex
from pathlib import Path

import pytest

import utils.pipeline
from utils.archive import arguments, command
from utils.archive.sheet import COLUMNS
from utils.errors import Unreadable
from utils.labels import EMOTIONS
from utils.settings import ROOT

PAGE = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")


def analyze() -> argparse.ArgumentParser:
    """The parser of the one command with options."""
    (group,) = [
        action
        for action in arguments.parser()._actions
        if isinstance(action, argparse._SubParsersAction)
    ]
    return group.choices["analyze"]


def written(action: argparse.Action) -> str:
    """An argument as the page's tables write it."""
    flag = action.option_strings[-1] if action.option_strings else ""
    value = "\\|".join(action.choices) if action.choices else action.metavar
    return " ".join(part for part in (flag, "" if action.nargs == 0 else value) if part)


def test_every_option_is_in_a_table_and_every_row_is_an_option() -> None:
    options = {written(action) for action in analyze()._actions if action.dest != "help"}
    assert set(re.findall(r"^\| `([-P][^`]+)` \|", PAGE, re.MULTILINE)) == options


def test_every_status_is_in_the_table() -> None:
    rows = re.findall(r"^\| (\d+(?:, \d+)*) \|", PAGE, re.MULTILINE)
    told = {int(number) for row in rows for number in row.split(", ")}
    ours = {command.DONE, command.SOME_FAILED, command.USAGE, command.OUTPUT, command.SETTINGS}
    assert told == ours | {130, 141, 143}
    for status in (*ours, 130, 143):
        assert re.search(rf"\b{status}\b", arguments._EPILOG), status


def test_every_column_and_the_code_of_its_own_are_named() -> None:
    for column in set(COLUMNS) - set(EMOTIONS):
        assert f"`{column}`" in PAGE, column
    assert f"`{Unreadable.code}`" in PAGE


TEXTS = {
    "page": PAGE,
    "help": arguments._EPILOG,
    "readme": (ROOT / "README.md").read_text(encoding="utf-8"),
}
CALL = re.compile(
    r"^ {2,}(?:source <\(|.*\| |exec )?(?:semblance|\S*python -m utils) "
    r"((?:analyze|completion).+)$",
    re.MULTILINE,
)


@pytest.mark.parametrize("text", TEXTS)
def test_every_example_is_one_that_the_command_takes(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    calls = CALL.findall(TEXTS[text])
    assert calls
    for call in calls:
        # What stands behind it: a comment, a closing bracket, where it is written to.
        words = re.split(r" {2,}|[#|>)]", call.replace("$SLURM_ARRAY_TASK_ID", "3"))[0]
        given = arguments.parse(shlex.split(words))
        if given.command == "analyze":
            assert command._misuse(given) is None, call


def test_the_librarys_example_is_true(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    found = doctest.DocTestFinder().find(utils.pipeline.analyze, "analyze")
    (example,) = found
    runner = doctest.DocTestRunner()
    assert runner.run(example).failed == 0
    assert runner.tries == len(example.examples) > 3


def test_the_pages_program_runs(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.chdir(ROOT / "playground" / "static")
    block = PAGE.split("## Python")[1].split("\n\n`analyze`")[0]
    code = "\n".join(line[4:] for line in block.splitlines() if line.startswith("    "))
    exec(code.replace("photo.jpg", "sample.jpg"), {})  # noqa: S102 - the page's own lines
    assert "happiness" in capsys.readouterr().out
