"""Killed at random moments and started again: every photo is in every output exactly once."""

from __future__ import annotations

import csv
import io
import os
import random
import subprocess
import time
from collections import Counter
from pathlib import Path

from PIL import Image

from tests.semblance import COMMAND, environment, results, semblance
from utils.settings import ROOT

PHOTOS = 120
KILLS = 8
FACE = ROOT / "playground" / "static" / "sample.jpg"


def test_after_any_number_of_kills_every_photo_is_there_once(tmp_path: Path) -> None:
    chance = random.Random(20261127)
    photos, marked = tmp_path / "photos", tmp_path / "marked"
    lines, sheet = tmp_path / "out.jsonl", tmp_path / "out.csv"
    photos.mkdir()
    for number in range(PHOTOS):
        data = FACE.read_bytes()
        # Names with a comma need quotes in CSV; every tenth photo is broken.
        name = f"{number},.jpg" if number % 2 else f"{number}.jpg"
        (photos / name).write_bytes(data[: 3000 if number % 10 == 0 else None])
    command = ["analyze", photos, "--json", lines, "--csv", sheet, "--annotate", marked]
    kills = 0
    while kills < KILLS:
        before = size(lines)
        run = subprocess.Popen(
            [*COMMAND, *command], cwd=ROOT, env=environment(), stderr=subprocess.DEVNULL
        )
        # Once it is at work, which takes a while; then at any moment.
        while size(lines) == before and run.poll() is None:
            time.sleep(0.001)
        time.sleep(chance.uniform(0, 0.06))
        assert run.poll() is None, "done before it could be killed: more photos are needed"
        run.kill()
        run.wait()
        kills += 1
        if chance.random() < 0.5 and size(lines):
            tear(lines, chance)
        if chance.random() < 0.5 and size(sheet):
            tear(sheet, chance)
    done = semblance(*command)
    assert done.returncode == 1, done.stderr
    found = results(lines.read_bytes())
    names = {str(path) for path in photos.iterdir()}
    assert set(found) == names
    rows = list(csv.DictReader(io.StringIO(sheet.read_text())))
    assert Counter(row["photo"] for row in rows) == Counter(names)
    broken = {name for name, line in found.items() if "error" in line}
    assert len(broken) == PHOTOS // 10
    pictures = {path.name for path in marked.iterdir()}
    assert pictures == {Path(name).name for name in names - broken}
    for path in marked.iterdir():
        with Image.open(path) as picture:
            picture.load()


def size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def tear(path: Path, chance: random.Random) -> None:
    """As a power failure does it: the last bytes written never came to the disk."""
    os.truncate(path, max(0, size(path) - chance.randint(1, 900)))
