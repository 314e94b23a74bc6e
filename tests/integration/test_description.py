"""What the API promises, and generated requests to every operation of it, through nginx.

SCHEMA_EXAMPLES=1000 tries longer than the twenty requests that each operation gets by default.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
import requests
from openapi_spec_validator import validate

from benchmarks.picture_server import picture_server
from tests.doors import opened
from utils.settings import ROOT

KEY = "a-key-of-the-tests"
SETTINGS = [{}, {"SEMBLANCE_API_KEYS": KEY, "SEMBLANCE_GENDER": "off", "SEMBLANCE_MAX_FACES": "3"}]
# No schema tells a picture from other bytes: what fits one may still be refused. And nginx itself
# refuses TRACE, without naming what it would take.
LEFT_OUT = "positive_data_acceptance,unsupported_method"
# With which what fits no schema may be refused: an address may be too long for nginx as well.
REFUSALS = "[checks.negative_data_rejection]\nexpected-statuses = [400, 401, 405, 413, 414, 422]"


@pytest.mark.parametrize("environ", SETTINGS, ids=["open", "with keys, without gender"])
def test_every_operation_answers_generated_requests_as_described(
    environ, tmp_path_factory, tmp_path, astronaut_jpeg
):
    with (
        opened(tmp_path_factory.mktemp("g"), **environ) as address,
        picture_server(astronaut_jpeg) as pictures,
    ):
        document = requests.get(f"{address}/Prod/v1/openapi.json", timeout=30).json()
        validate(document)
        (tmp_path / "strict.json").write_text(json.dumps(strict(document)))
        (tmp_path / "schemathesis.toml").write_text(REFUSALS)
        done = subprocess.run(
            [
                *[sys.executable, "-W", "error", "-m", "schemathesis.cli", "run", "strict.json"],
                *["--url", address, "--exclude-checks", LEFT_OUT, "--no-color", "--no-shrink"],
                *["--header", f"Authorization: Bearer {KEY}", "--warnings", "off"],
                *["--max-examples", os.environ.get("SCHEMA_EXAMPLES", "20")],
                *["--continue-on-failure", "--suppress-health-check", "all"],
            ],
            cwd=tmp_path,
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "SCHEMATHESIS_HOOKS": "tests.description_hooks",
                "SCHEMATHESIS_PICTURE": f"{pictures}/photo.jpg",
            },
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    # Whole pictures are in the commands that it prints.
    said = [line for line in done.stdout.splitlines() if "  curl " not in line]
    assert done.returncode == 0, "\n".join(said)[-12_000:] + done.stderr[-3000:]
    operations = sum(len(methods) for methods in document["paths"].values())
    assert f"Tested: {operations}" in done.stdout


def strict(document):
    """The same, but nothing that it does not name may be in an answer."""
    for node in _nodes(document["components"]["schemas"]):
        if node.get("type") == "object" and "properties" in node:
            node.setdefault("additionalProperties", False)
    for node in _nodes(document["paths"]):
        if node.get("contentEncoding") == "base64":
            # Both are known to tests/description_hooks.py.
            node["format"] = "base64-tiny" if "maxLength" in node else "base64-picture"
        if "images" in node:
            # Whatever is no picture in a list fails alone, and the request is not refused.
            node["images"]["items"] = {"anyOf": [node["images"]["items"], {}]}
    return document


def _nodes(node):
    if isinstance(node, dict):
        yield node
    if isinstance(node, dict | list):
        for child in node.values() if isinstance(node, dict) else node:
            yield from _nodes(child)
