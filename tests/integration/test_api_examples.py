"""Every example of docs/api.md and of the description, run as it stands but for the addresses."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from benchmarks.picture_server import picture_server
from services.description.document import document
from services.description.page import operations_of
from tests.conftest import encoded
from tests.doors import opened
from tests.fakes_services import SECRET, settings
from utils.settings import ROOT

KEY = "a-key-of-the-tests"
PAGE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
EXAMPLES = [(language, text) for language, text in BLOCKS if language in ("sh", "python", "js")]
# Those of the description are for a shell as well.
DESCRIBED = [
    ("sh", each.curl)
    for environ in ({}, {"SEMBLANCE_API_KEYS": KEY})
    for operations in operations_of(document(settings(**environ), ("semblance", "1"))).values()
    for each in operations
]


def title(example):
    language, text = example
    return f"{language} {re.sub(r'[^a-z0-9/_.-]+', ' ', text.strip(), flags=re.IGNORECASE)[-60:]}"


@pytest.fixture(scope="module")
def locked(tmp_path_factory):
    with opened(tmp_path_factory.mktemp("k"), SEMBLANCE_API_KEYS=KEY) as address:
        yield address


@pytest.fixture(scope="module")
def web(astronaut_jpeg):
    with picture_server(astronaut_jpeg) as address:
        yield address


@pytest.fixture
def here(tmp_path, astronaut, astronaut_jpeg, coffee_jpeg):
    """A folder with the files that the examples name."""
    tiny = Image.fromarray(astronaut[60:190, 160:290]).resize((48, 48))
    files = {
        "photo.jpg": astronaut_jpeg,
        "one.jpg": astronaut_jpeg,
        "two.jpg": coffee_jpeg,
        "face.jpg": encoded(tiny, "JPEG", quality=60),
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    return tmp_path


def run(language: str, text: str, here: Path) -> str:
    """Run an example in a folder; what it printed. A failure of its commands is one of the test."""
    commands = {
        "sh": ["bash", "-euo", "pipefail", "-c", text],
        "python": [sys.executable, "-W", "error", "-c", text],
        "js": ["node", "--input-type=module", "--eval", text],
    }
    command = commands[language]
    if shutil.which(command[0]) is None:
        pytest.skip(f"needs {command[0]} (apt install {'nodejs' if language == 'js' else 'bash'})")
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        command,
        cwd=here,
        env={**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "SEMBLANCE_SECRET": SECRET},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return done.stdout.decode(errors="replace")


def test_the_page_has_examples_in_three_languages():
    languages = [language for language, _ in EXAMPLES]
    assert min(languages.count(each) for each in ("sh", "python", "js")) >= 3


@pytest.mark.parametrize("example", [*EXAMPLES, *DESCRIBED], ids=title)
def test_an_example_runs_and_is_not_refused(example, doors, locked, web, here):
    language, text = example
    wants_key = "YOUR-KEY" in text
    text = text.replace("http://127.0.0.1:8080", locked if wants_key else doors)
    text = text.replace("YOUR-KEY", KEY).replace("https://example.org", web)
    said = run(language, text, here)
    if "/classify" in text:
        # Signed, and so taken; there is no Telegram to fetch the file from.
        assert json.loads(said)["error"]["code"] == "telegram_unavailable"
        return
    made = {each.name for each in here.iterdir()} - {"photo.jpg", "one.jpg", "two.jpg", "face.jpg"}
    assert said or made, "it brought nothing"
    assert not said.startswith('{"error"')
    for name in made:
        Image.open(here / name).load()


def test_what_the_page_shows_of_answers_is_json():
    shown = [text for language, text in BLOCKS if language == "json"]
    assert len(shown) > 5
    for text in shown:
        json.loads(text)


def test_the_answer_that_the_page_shows_has_the_keys_of_a_real_one(doors, here):
    text = next(text for language, text in EXAMPLES if "image=@photo.jpg" in text)
    real = json.loads(run("sh", text.replace("http://127.0.0.1:8080", doors), here))
    shown = next(json.loads(text) for language, text in BLOCKS if text.startswith('{"model"'))
    assert keys(shown) == keys(real)


def keys(node):
    """Names, in their order, of an object and all within it."""
    if isinstance(node, dict):
        return [(name, keys(value)) for name, value in node.items()]
    return [keys(each) for each in node[:1]] if isinstance(node, list) else None
