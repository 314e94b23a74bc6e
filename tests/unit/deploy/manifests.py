"""deploy/kubernetes as Python reads it: single files, and whole overlays where kustomize is."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from utils.settings import ROOT

FOLDER = ROOT / "deploy" / "kubernetes"
OVERLAYS = ("single-node", "production")
Manifest = dict[str, Any]


def _parsed(text: str) -> list[Manifest]:
    # Ten times faster where PyYAML was built with libyaml, and the same.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return [each for each in yaml.load_all(text, Loader=loader) if each]


def documents(path: Path) -> list[Manifest]:
    """The objects of a file."""
    return _parsed(path.read_text(encoding="utf-8"))


def kustomizations() -> dict[Path, Manifest]:
    """Every kustomization or component, by its file."""
    return {path: documents(path)[0] for path in sorted(FOLDER.rglob("kustomization.yaml"))}


def resources() -> Iterator[tuple[Path, Manifest]]:
    """Every object that is whole in its file (a patch is not)."""
    for path, kustomization in kustomizations().items():
        for name in kustomization.get("resources", []):
            file = path.parent / name
            if file.is_file():
                yield from ((file, each) for each in documents(file))


def base(kind: str) -> dict[str, Manifest]:
    """The objects of a kind in the base, by name."""
    return {
        each["metadata"]["name"]: each
        for path, each in resources()
        if path.parent == FOLDER / "base" and each["kind"] == kind
    }


@cache
def rendered(folder: str) -> list[Manifest]:
    """What an overlay comes to; skips where neither kustomize nor kubectl is installed."""
    if shutil.which("kustomize"):
        command = ["kustomize", "build"]
    elif shutil.which("kubectl"):
        command = ["kubectl", "kustomize"]
    else:
        pytest.skip("needs kustomize or kubectl, to put an overlay together")
    done = subprocess.run(
        [*command, str(FOLDER / folder)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr, done.stderr
    return _parsed(done.stdout)


def production_with(folder: Path, *components: str) -> list[Manifest]:
    """What `production` comes to with these components."""
    overlay = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": [os.path.relpath(FOLDER / "overlays" / "production", folder)],
        "components": [
            os.path.relpath(FOLDER / "components" / name, folder) for name in components
        ],
    }
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(overlay))
    return rendered(str(folder))


def of(objects: list[Manifest], kind: str, name: str | None = None) -> list[Manifest]:
    """The objects of a kind, and of a name where one is given."""
    return [
        each
        for each in objects
        if each["kind"] == kind and name in (None, each["metadata"]["name"])
    ]


def pod(deployment: Manifest) -> Manifest:
    """The pod of a Deployment."""
    return dict(deployment["spec"]["template"])


def container(deployment: Manifest) -> Manifest:
    """Its one container."""
    (only,) = pod(deployment)["spec"]["containers"]
    return dict(only)
