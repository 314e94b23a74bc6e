"""What is installed is what the lock says, by its hash, and under a licence that we may pass on."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.supply import licences
from utils.settings import ROOT

LOCK = tomllib.loads((ROOT / "uv.lock").read_text())["package"]


def test_every_file_of_the_lock_has_a_hash_and_comes_from_the_registry() -> None:
    assert len(LOCK) > 100
    for package in LOCK:
        if package["name"] == "semblance":
            assert package["source"] == {"virtual": "."}
            continue
        assert package["source"] == {"registry": "https://pypi.org/simple"}, package["name"]
        files = [*package.get("wheels", []), *filter(None, [package.get("sdist")])]
        assert files, package["name"]
        for file in files:
            assert re.fullmatch("sha256:[0-9a-f]{64}", file["hash"]), file["url"]
            assert file["url"].startswith("https://files.pythonhosted.org/"), file["url"]


def test_whatever_installs_compares_hashes_or_takes_the_lock() -> None:
    """`uv sync` compares those of the lock; pip does where it is told to."""
    bootstrap = (ROOT / "bootstrap.txt").read_text()
    assert "--hash=sha256:" in bootstrap
    files = [
        ROOT / "Makefile",
        *(ROOT / "docker").rglob("Dockerfile"),
        *ROOT.glob("deploy/*/Docker*"),
    ]
    installing = {
        line.strip()
        for file in files
        for line in file.read_text().splitlines()
        if re.search(r"\b(?:pip install|uv sync|uv pip)\b", line) and not line.startswith("#")
    }
    assert len(installing) >= 5
    for line in installing:
        assert re.search("--locked|--require-hashes", line), line


def test_the_page_of_licences_is_what_is_installed() -> None:
    """`python -m tests.supply.licences --write` writes it again."""
    assert licences.PAGE.read_text() == licences.page()


def test_every_licence_is_one_that_we_may_pass_on() -> None:
    listed = re.findall(r"^\| `(\S+)` \| (.+) \|$", licences.page(), re.MULTILINE)
    assert len(listed) > 30
    for name, expression in listed:
        assert licences.terms(expression) <= licences.ALLOWED, name
    used = {term for _, expression in listed for term in licences.terms(expression)}
    assert licences.ALLOWED - used <= {"ISC"}


def test_a_package_that_tells_no_licence_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(licences, "ALLOWED", {"MIT"})
    with pytest.raises(LookupError, match="requests does not say"):
        licences.licence("requests")


def test_the_list_of_packages_names_all_of_them_with_version_and_hash(tmp_path: Path) -> None:
    """`make sbom` needs no network, and says what the lock says."""
    recipe = (ROOT / "Makefile").read_text().split("\nsbom:")[1].split("\n\n")[0]
    command = recipe.partition("uv export ")[2].replace("\\\n", " ").split()
    command[command.index("--output-file") + 1] = str(tmp_path / "list.json")
    uv = [".venv/bin/uv", "export", "--offline", *command]
    subprocess.run(uv, cwd=ROOT, check=True, capture_output=True)
    told = json.loads((tmp_path / "list.json").read_text())
    assert told["bomFormat"] == "CycloneDX"
    versions = {(package["name"], package["version"]) for package in LOCK if "version" in package}
    named = {(each["name"], each["version"]) for each in told["components"]}
    assert named <= versions
    assert {name for name, _ in named} >= set(licences.packages("serve")) - {"uv"}
    for each in told["components"]:
        assert each["purl"].startswith(f"pkg:pypi/{each['name']}@{each['version']}")
        assert all(file["hashes"][0]["alg"] == "SHA-256" for file in each["externalReferences"])
