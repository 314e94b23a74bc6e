from __future__ import annotations

import json

import pytest

from benchmarks.photos import SIZE_WH, photo
from benchmarks.pipeline import main
from utils.pipeline import Pipeline
from utils.settings import Settings


@pytest.mark.parametrize("faces", [1, 3])
def test_the_photo_has_the_promised_size_and_faces(faces: int) -> None:
    seen = Pipeline.load(Settings.load({}, dotenv=None)).analyze(photo(faces))
    assert seen.size_wh == SIZE_WH
    assert len(seen.faces) == faces


def test_the_last_line_is_one_object_with_every_stage(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--rounds", "2", "--json"])
    figures = json.loads(capsys.readouterr().out.splitlines()[-1])
    stages = ("decode", "detect", "classify", "annotate", "encode", "total", "floor")
    assert list(figures) == [f"{stage}_ms" for stage in stages]
    assert all(value > 0 for value in figures.values())
