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
from utils.pipeline import Options, Pipeline
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


@pytest.fixture(scope="module")
def two_faces(astronaut: np.ndarray) -> bytes:
    """The astronaut, and once more at half the size."""
    canvas = np.full((512, 1024, 3), 90, np.uint8)
    canvas[:, :512], canvas[:256, 640:896] = astronaut, astronaut[::2, ::2]
    return encoded(canvas, "PNG")


def test_a_caller_may_ask_for_less(pipeline: Pipeline, two_faces: bytes) -> None:
    large, small = pipeline.analyze(two_faces).faces
    one = pipeline.analyze(two_faces, Options(max_faces=1))
    assert (one.faces, one.found) == ((large,), 2)
    side = max(small.box_xyxy[2] - small.box_xyxy[0], small.box_xyxy[3] - small.box_xyxy[1])
    assert pipeline.analyze(two_faces, Options(min_face_px=side)).faces == (large, small)
    assert pipeline.analyze(two_faces, Options(min_face_px=side + 1)).faces == (large,)
    assert pipeline.analyze(two_faces, Options(min_face_px=5000)).faces == ()
    without = pipeline.analyze(two_faces, Options(gender=False)).faces
    assert [face.gender for face in without] == [None, None]
    assert [face.emotion for face in without] == [large.emotion, small.emotion]


def test_but_never_for_more_than_the_operator_allows(two_faces: bytes) -> None:
    strict = Pipeline.load(Settings.load({"SEMBLANCE_MAX_FACES": "1"}, dotenv=None))
    seen = strict.analyze(two_faces, Options(max_faces=9))
    assert (len(seen.faces), seen.found) == (1, 2)


@pytest.mark.parametrize("wrong", [{"max_faces": 0}, {"min_face_px": -1}, {"whole_up_to_px": -1}])
def test_options_out_of_range_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="must"):
        Options(**wrong)  # type: ignore[arg-type]


def test_blurring_takes_every_face_also_those_that_are_not_told_of(
    pipeline: Pipeline, two_faces: bytes
) -> None:
    boxes = [face.box_xyxy for face in pipeline.analyze(two_faces).faces]
    seen = pipeline.annotate(two_faces, "png", Options(blur=True, max_faces=1))
    assert len(seen.analysis.faces) == 1
    with (
        Image.open(io.BytesIO(two_faces)) as before,
        Image.open(io.BytesIO(seen.picture.data)) as after,
    ):
        for x0, y0, x1, y1 in boxes:
            third = (x1 - x0) // 3
            middle = np.s_[y0 + third : y1 - third, x0 + third : x1 - third]
            sharp, blurred = (np.asarray(each, int)[middle] for each in (before, after))
            assert np.abs(np.diff(blurred, axis=0)).max() < np.abs(np.diff(sharp, axis=0)).max() / 3


@pytest.mark.parametrize("side", [24, 48, 200])
def test_a_small_picture_without_a_face_may_be_taken_for_one(
    pipeline: Pipeline, coffee_jpeg: bytes, side: int
) -> None:
    with Image.open(io.BytesIO(coffee_jpeg)) as coffee:
        cut = encoded(coffee.resize((side, side // 2)), "PNG")
    assert pipeline.analyze(cut).faces == ()
    (face,) = pipeline.analyze(cut, Options(whole_up_to_px=side)).faces
    assert (face.box_xyxy, face.confidence) == ((0, 0, side, side // 2), 0.0)
    assert pipeline.analyze(cut, Options(whole_up_to_px=side - 1)).faces == ()


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
