"""The threat model names a test for each threat, and each test that it names is there."""

from __future__ import annotations

import ast
import re

import pytest

from tests.hostile import table
from tests.hostile.__main__ import FAMILIES
from utils.settings import ROOT

PAGE = ROOT / "docs" / "security.md"
# What has to be tried at least. A picture is tried twice, a request on nginx and both services.
ENOUGH = {"urls": 180, "pictures": 2 * 150, "requests": 3 * 60}
_TABLE = re.compile(r"^\| threat \| defence \| test \|\n", re.MULTILINE)
_LINK = re.compile(r"\[`(test_\w+)`\]\(\.\./(tests/[\w/]+\.py)\)")


def threats() -> list[tuple[str, ...]]:
    """The rows of all tables of threats: threat, defence, tests."""
    rows: list[tuple[str, ...]] = []
    for text in _TABLE.split(PAGE.read_text())[1:]:
        lines = text.partition("\n\n")[0].splitlines()[1:]
        rows += [tuple(line.strip("| ").split(" | ")) for line in lines]
    return rows


def names_in(file: str) -> set[str]:
    tree = ast.parse((ROOT / file).read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)} | {
        node.name for node in ast.walk(tree) if isinstance(node, ast.AsyncFunctionDef)
    }


def test_the_tables_of_threats_are_found() -> None:
    assert len(threats()) > 35


@pytest.mark.parametrize("row", threats(), ids=lambda row: row[0][:40])
def test_each_threat_has_a_defence_and_tests_that_are_there(row: tuple[str, ...]) -> None:
    threat, defence, proof = row
    assert threat
    assert defence
    named = _LINK.findall(proof)
    assert named, threat
    assert _LINK.sub("", proof).strip(", ") == "", "nothing but links to tests"
    for name, file in named:
        assert name in names_in(file), f"{file} has no {name}"


def test_each_border_that_is_drawn_is_explained() -> None:
    text = PAGE.read_text().partition("## Borders of trust")[2].partition("\n## ")[0]
    drawing, _, rows = text.partition("| border |")
    drawn = set(re.findall(r"[=-] (\d) [=-]", drawing))
    assert drawn
    assert drawn == set(re.findall(r"^\| (\d) \|", rows, re.MULTILINE))
    assert max(map(len, drawing.splitlines())) <= 100


def test_what_is_not_defended_is_said_and_the_readme_leads_here() -> None:
    assert PAGE.read_text().partition("## What is not defended")[2].count("\n- ") >= 8
    assert "(docs/security.md)" in (ROOT / "README.md").read_text()


def test_fetching_took_little_memory() -> None:
    (grown_mb,) = re.findall(r"^Most memory .*urls (\d+) MB", PAGE.read_text(), re.MULTILINE)
    assert int(grown_mb) <= 200


def test_what_was_tried_ended_as_it_had_to() -> None:
    """`python -m tests.hostile --write` fills it in again."""
    tried = table.totals(PAGE.read_text())
    assert set(tried) == set(ENOUGH) == set(FAMILIES)
    for family, counts in tried.items():
        assert counts.tried >= ENOUGH[family], family
        assert counts.tried == counts.refused + counts.answered, family
        assert not counts.crashed + counts.reached + counts.late, family
