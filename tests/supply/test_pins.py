"""What others publish is named so that it stays what it was when it was tried."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from utils.settings import ROOT

DOCKERFILES = sorted(
    path
    for folder in ("docker", "deploy")
    for path in (ROOT / folder).rglob("*Dockerfile*")
    if path.is_file()
)
COMPOSE = sorted(ROOT.glob("docker-compose*.yml"))
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()
# Built here, of the Dockerfiles above.
OURS = {"semblance", "semblance-nginx"}
# A branch on which only repairs appear, of a named distribution where the image changes those too.
_PINNED = re.compile(r"[a-z0-9./-]+:\d+\.\d+[\w.-]*(?:@sha256:[0-9a-f]{64})?")


def is_pinned(image: str) -> bool:
    suite = "-bookworm" in image or "-slim" not in image
    return bool(_PINNED.fullmatch(image)) and suite


@pytest.mark.parametrize(
    "image", ["python", "python:3", "nginx:latest", "nginx:stable", "valkey:9", "a:3.12-slim"]
)
def test_a_name_that_wanders_would_be_found(image: str) -> None:
    assert not is_pinned(image)
    assert is_pinned(f"python:3.12-slim-bookworm@sha256:{'0' * 64}")


@pytest.mark.parametrize("path", DOCKERFILES, ids=str)
def test_a_base_image_is_pinned_and_can_be_pinned_by_its_digest(path: Path) -> None:
    text = path.read_text()
    arguments = dict(re.findall(r"^ARG (\w+_IMAGE)=(\S+)$", text, re.MULTILINE))
    bases = re.findall(r"^FROM (\S+)", text, re.MULTILINE)
    assert len(bases) >= 2
    assert {base.removeprefix("$") for base in bases} == set(arguments)
    for name, image in arguments.items():
        assert is_pinned(image), image
        assert f"`{name}`" in OPERATIONS
    copied = set(re.findall(r"--from=(\S+)", text))
    assert copied <= set(re.findall(r"^FROM \S+ AS (\w+)$", text, re.MULTILINE))


@pytest.mark.parametrize("path", COMPOSE, ids=str)
def test_compose_takes_the_same_images_and_lets_each_be_replaced(path: Path) -> None:
    text = path.read_text()
    arguments = dict(re.findall(r"\$\{(\w+_IMAGE):-([^}]+)\}", text))
    assert arguments
    built = " ".join(each.read_text() for each in DOCKERFILES)
    for name, image in arguments.items():
        assert is_pinned(image), image
        assert f"`{name}`" in OPERATIONS
        assert f"ARG {name}={image}\n" in built or name == "VALKEY_IMAGE"
    for image in re.findall(r"^ +image: (\S+)$", text, re.MULTILINE):
        assert image in OURS or re.fullmatch(r"\$\{\w+_IMAGE:-\S+\}", image), image


@pytest.mark.parametrize("path", WORKFLOWS, ids=str)
def test_an_action_is_named_by_its_commit_and_the_token_may_only_read(path: Path) -> None:
    text = path.read_text()
    uses = re.findall(r"uses: (.+)", text)
    assert uses
    for each in uses:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", each), each
    assert "\npermissions:\n  contents: read\n" in text


def test_every_exception_from_the_rules_of_security_says_why() -> None:
    """`ruff` finds what Bandit would; what it is told to pass over has a reason in words."""
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]["lint"]
    assert "S" in tool["select"]
    assert not any(re.fullmatch(r"S\d*", rule) for rule in tool["ignore"])
    found = 0
    for path in sorted(ROOT.rglob("*.py")):
        if ".venv" in path.parts:
            continue
        for line in path.read_text().splitlines():
            exception = re.search(r"# (?:ruff: )?noqa: (\w+(?:, \w+)*)(.*)", line)
            if exception and re.search(r"\bS\d+", exception[1]):
                found += 1
                assert len(re.findall(r"\w+", exception[2])) >= 2, f"{path}: {line.strip()}"
    assert found > 10


def test_tests_are_spared_single_rules_alone_each_with_its_reason() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    spared = tomllib.loads(text)["tool"]["ruff"]["lint"]["per-file-ignores"]
    for files, rules in spared.items():
        assert "S" not in rules, files
    for line in text.splitlines():
        if re.match(r' *"(?:S\d+"|.*/\*\*" = \[.*"S\d)', line):
            assert re.search("# .{10,}", line), line
