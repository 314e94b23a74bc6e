"""axe-core (MPL-2.0), which knows rules of accessibility: fetched once into var/, and checked."""

from __future__ import annotations

import base64
import hashlib
import io
import tarfile
from typing import Any

import pytest
import requests

from utils.settings import ROOT

_VERSION = "4.14.1"
_ARCHIVE = f"https://registry.npmjs.org/axe-core/-/axe-core-{_VERSION}.tgz"
_SHA512 = "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="


def violations(page: Any) -> list[tuple[str, list[str]]]:
    """What axe-core finds wrong on a page of Playwright: rules, and where."""
    page.evaluate(_script())
    found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    return [(each["id"], [node["html"] for node in each["nodes"]]) for each in found["violations"]]


def _script() -> str:
    path = ROOT / "var" / f"axe-core-{_VERSION}.js"
    if not path.is_file():
        try:
            archive = requests.get(_ARCHIVE, timeout=60).content
        except requests.RequestException:
            pytest.skip(f"needs axe-core from {_ARCHIVE}: no network")
        assert base64.b64encode(hashlib.sha512(archive).digest()).decode() == _SHA512
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            member = tar.extractfile("package/axe.min.js")
            assert member is not None
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(member.read())
    return path.read_text(encoding="utf-8")
