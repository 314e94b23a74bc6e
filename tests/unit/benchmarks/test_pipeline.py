from __future__ import annotations

import json

import pytest

from benchmarks.pipeline import main, photo
from utils.pipeline import Pipeline
from utils.settings import Settings


def test_the_photo_has_the_promised_size_and_one_face() -> None:
    seen = Pipeline.load(Settings.load({}, dotenv=None)).analyze(photo())
    assert seen.size_wh == (1280, 960)
    assert len(seen.faces) == 1


def test_the_last_line_is_one_object_with_every_stage(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--rounds", "2", "--json"])
    figures = json.loads(capsys.readouterr().out.splitlines()[-1])
    stages = ("decode", "detect", "classify", "annotate", "encode", "total", "floor")
    assert list(figures) == [f"{stage}_ms" for stage in stages]
    assert all(value > 0 for value in figures.values())
