"""Secrets are compared in constant time: how long `==` takes tells how much of a guess is right."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from utils.settings import ROOT

_SECRET = re.compile(r"secret|token|signature|password|\bmac\b|api_key|\breveal\b", re.IGNORECASE)
_FOLDERS = ("bot", "services", "utils", "launcher", "playground")


def compared(source: str) -> Iterator[str]:
    """Comparisons by `==` and `!=` that name a secret."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Compare):
            continue
        plain = any(isinstance(each, ast.Eq | ast.NotEq) for each in node.ops)
        if plain and _SECRET.search(ast.unparse(node)):
            yield ast.unparse(node)


@pytest.mark.parametrize("folder", _FOLDERS)
def test_no_secret_is_compared_by_equality(folder: str) -> None:
    files = list(Path(ROOT / folder).rglob("*.py"))
    assert files
    assert {str(file): said for file in files if (said := list(compared(file.read_text())))} == {}


@pytest.mark.parametrize(
    "source",
    ["given == token", "a.secret.reveal() != b", "mac == right", "x if a == password else y"],
)
def test_such_a_comparison_would_be_found(source: str) -> None:
    assert list(compared(source))


@pytest.mark.parametrize("source", ["macro == 1", "hmac.compare_digest(token, b)", "a is token"])
def test_others_would_not(source: str) -> None:
    assert not list(compared(source))
