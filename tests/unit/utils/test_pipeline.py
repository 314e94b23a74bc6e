from __future__ import annotations

import csv
import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.conftest import encoded
from utils.errors import NotAnImage
from utils.pipeline import Pipeline
from utils.settings import Settings


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    pipeline = Pipeline.load(Settings.load({}, dotenv=None))
    pipeline.warm_up()
    return pipeline


def test_the_astronaut_is_a_happy_looking_woman(pipeline: Pipeline, astronaut_jpeg: bytes) -> None:
    seen = pipeline.analyze(astronaut_jpeg)
    assert seen.size_wh == (512, 512)
    assert len(seen.faces) == 1
    assert seen.faces[0].emotion.label == "happiness"
    assert seen.faces[0].gender is not None
    assert seen.faces[0].gender.label == "woman"
    assert set(seen.ms) == {"decode", "detect", "classify"}


def test_the_annotated_picture_has_the_size_of_the_input(
    pipeline: Pipeline, astronaut_jpeg: bytes
) -> None:
    for target, form in (("png", "PNG"), ("jpeg", "JPEG"), ("chat", "JPEG")):
        answer = pipeline.annotate(astronaut_jpeg, target)  # type: ignore[arg-type]
        with Image.open(io.BytesIO(answer.picture.data)) as picture:
            assert (picture.format, picture.size) == (form, (512, 512))
        assert len(answer.analysis.faces) == 1
        stages = ["decode", "detect", "classify", "annotate", "encode"]
        assert list(answer.analysis.ms) == stages
        assert all(ms > 0 for ms in answer.analysis.ms.values())


def test_a_picture_without_a_face_is_an_answer(pipeline: Pipeline, coffee_jpeg: bytes) -> None:
    assert pipeline.analyze(coffee_jpeg).faces == ()


def test_bytes_that_are_no_picture_are_refused(pipeline: Pipeline) -> None:
    with pytest.raises(NotAnImage):
        pipeline.analyze(b"hello")


def test_gender_off_leaves_it_out(astronaut_jpeg: bytes) -> None:
    settings = Settings.load({"SEMBLANCE_GENDER": "off"}, dotenv=None)
    pipeline = Pipeline.load(settings)
    pipeline.warm_up()
    assert pipeline.analyze(astronaut_jpeg).faces[0].gender is None


def test_the_same_face_gives_the_same_label_in_every_colour_mode(
    pipeline: Pipeline, astronaut: np.ndarray
) -> None:
    picture = Image.fromarray(astronaut)
    variants = [
        encoded(picture, "PNG"),
        encoded(picture.convert("RGBA"), "PNG"),
        encoded(picture.convert("CMYK"), "JPEG"),
        encoded(picture.quantize(256), "PNG"),
        encoded(picture.convert("L"), "PNG"),
        encoded(np.asarray(picture.convert("L")).astype(np.uint16) * 257, "PNG"),
        encoded(picture, "WEBP"),
    ]
    for data in variants:
        assert [face.emotion.label for face in pipeline.analyze(data).faces] == ["happiness"]


def test_a_turned_photo_is_analysed_upright(pipeline: Pipeline, astronaut: np.ndarray) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    lying = Image.fromarray(np.rot90(astronaut))
    turned = pipeline.analyze(encoded(lying, "JPEG", exif=exif, quality=92))
    upright = pipeline.analyze(encoded(astronaut, "JPEG", quality=92))
    difference = np.subtract(turned.faces[0].box_xyxy, upright.faces[0].box_xyxy)
    assert np.abs(difference).max() <= 6


def test_a_face_at_the_edge_is_answered(pipeline: Pipeline, astronaut: np.ndarray) -> None:
    x0, y0, _, _ = pipeline.analyze(encoded(astronaut, "PNG")).faces[0].box_xyxy
    cut = astronaut[max(0, y0 - 1) :, max(0, x0 - 1) :]
    faces = pipeline.analyze(encoded(np.ascontiguousarray(cut), "PNG")).faces
    assert faces
    assert min(faces[0].box_xyxy[:2]) < 10


def test_threads_may_share_a_pipeline(pipeline: Pipeline, astronaut_jpeg: bytes) -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(pipeline.analyze, [astronaut_jpeg] * 8))
    assert all(answer.faces == answers[0].faces for answer in answers)


def test_the_packs_photographs_are_all_answered(pipeline: Pipeline, packs: Path) -> None:
    table = (packs / "photos" / "CREDITS.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(table)))
    simple = [row for row in rows if row["kind"] == "portrait" and row["faces"] == "1"]
    found = [
        len(pipeline.analyze((packs / "photos" / row["file"]).read_bytes()).faces) for row in simple
    ]
    assert sum(n >= 1 for n in found) >= 0.8 * len(simple) > 3
