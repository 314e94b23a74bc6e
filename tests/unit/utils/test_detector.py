from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from utils.detector import Detection, Detector
from utils.errors import ModelError
from utils.manifest import MODELS, Manifest

EYES_AND_MOUTH = np.array([(207, 103), (245, 102), (210, 146), (240, 145)])  # set by eye


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector(Manifest.load())


def of(detector: Detector, image: np.ndarray) -> list[Detection]:
    return detector.detect(np.ascontiguousarray(image))


def test_the_astronauts_face_is_found_where_it_is(
    detector: Detector, astronaut: np.ndarray
) -> None:
    (face,) = of(detector, astronaut)
    x0, y0, x1, y1 = face.box_xyxy
    assert x0 < 225 < x1
    assert y0 < 120 < y1
    assert 60 < y1 - y0 < 180
    assert face.confidence > 0.9


def test_eyes_and_mouth_are_found_where_they_are(detector: Detector, astronaut: np.ndarray) -> None:
    landmarks = np.array(of(detector, astronaut)[0].landmarks)
    off = np.hypot(*(landmarks[[0, 1, 3, 4]] - EYES_AND_MOUTH).T)
    assert off.mean() < 0.12 * 38


def test_a_large_picture_gives_the_same_face_in_its_own_pixels(
    detector: Detector, astronaut: np.ndarray
) -> None:
    small = of(detector, astronaut)[0]
    large = of(detector, astronaut.repeat(3, 0).repeat(3, 1))[0]
    assert np.abs(np.array(large.box_xyxy) / 3 - small.box_xyxy).max() < 8
    assert np.abs(np.array(large.landmarks) / 3 - small.landmarks).max() < 8


def test_several_faces_come_largest_first(astronaut: np.ndarray) -> None:
    canvas = np.full((512, 1024, 3), 90, np.uint8)
    canvas[:, :512], canvas[:256, 640:896] = astronaut, astronaut[::2, ::2]
    found = Detector(Manifest.load()).detect(canvas)
    sides = [face.box_xyxy[2] - face.box_xyxy[0] for face in found]
    assert len(sides) == 2
    assert sides == sorted(sides, reverse=True)


def test_very_many_faces_are_all_found(astronaut: np.ndarray) -> None:
    face = cv2.resize(astronaut[40:200, 145:305], (64, 64), interpolation=cv2.INTER_AREA)
    crowd = np.tile(face, (10, 20, 1))
    assert len(Detector(Manifest.load(), px=1280).detect(crowd)) > 150


def test_a_small_face_in_a_large_picture_gets_a_second_look(astronaut: np.ndarray) -> None:
    scene = np.full((960, 1280, 3), 90, np.uint8)
    scene[300:556, 900:1156] = cv2.resize(astronaut, (256, 256), interpolation=cv2.INTER_AREA)
    assert len(of(Detector(Manifest.load()), scene)) == 1
    assert len(of(Detector(Manifest.load(), px=640), scene)) == 1
    assert len(of(Detector(Manifest.load(), px=96), scene)) == 0


def test_a_face_that_fills_the_picture_is_found_at_every_setting(astronaut: np.ndarray) -> None:
    selfie = cv2.resize(astronaut[50:180, 165:290], (960, 1000), interpolation=cv2.INTER_CUBIC)
    for px in (None, 320, 640, 1280):
        face = of(Detector(Manifest.load(), px=px), selfie)[0]
        assert face.box_xyxy[3] - face.box_xyxy[1] > 600
        assert face.confidence > 0.9


@pytest.mark.parametrize("side", [40, 64, 112])
def test_a_picture_already_cut_to_the_face_is_found(
    detector: Detector, astronaut: np.ndarray, side: int
) -> None:
    face = astronaut[60:190, 160:290]
    (found,) = of(detector, cv2.resize(face, (side, side), interpolation=cv2.INTER_AREA))
    x0, y0, x1, y1 = found.box_xyxy
    assert min(x1 - x0, y1 - y0) > side / 2


def test_a_panorama_is_not_shrunk_to_a_stripe(detector: Detector, astronaut: np.ndarray) -> None:
    wide = np.full((100, 1200, 3), 90, np.uint8)
    for x in (100, 550, 1000):
        wide[:, x : x + 100] = cv2.resize(astronaut[30:190, 145:305], (100, 100))
    assert len(of(detector, wide)) == 3


@pytest.mark.parametrize("size", [(1, 1), (1, 4000), (4000, 1), (16, 16), (700, 20), (7000, 7100)])
@pytest.mark.parametrize("colour", [0, 128, 255])
def test_pictures_of_any_shape_without_a_face_give_none(
    detector: Detector, size: tuple[int, int], colour: int
) -> None:
    assert detector.detect(np.full((*size, 3), colour, np.uint8)) == []


def test_boxes_stay_inside_the_picture(detector: Detector, astronaut: np.ndarray) -> None:
    for cut in (astronaut[60:190, 160:290], astronaut[90:200, 170:260], astronaut[:120, 180:270]):
        for face in of(detector, cut):
            x0, y0, x1, y1 = face.box_xyxy
            assert 0 <= x0 < x1 <= cut.shape[1]
            assert 0 <= y0 < y1 <= cut.shape[0]


def test_threads_may_share_a_detector(detector: Detector, astronaut: np.ndarray) -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(detector.detect, [astronaut] * 8))
    assert all(answer == answers[0] for answer in answers)


def changed(folder: Path, change: Callable[[onnx.ModelProto], None]) -> Manifest:
    """The manifest of a copy of the detector with other weights, its sha256 being right."""
    shutil.copytree(MODELS, folder, dirs_exist_ok=True)
    model = onnx.load(folder / "detector.onnx")
    change(model)
    onnx.save(model, folder / "detector.onnx")
    shape = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    digest = hashlib.sha256((folder / "detector.onnx").read_bytes()).hexdigest()
    shape["detector"]["sha256"]["detector.onnx"] = digest
    (folder / "manifest.json").write_text(json.dumps(shape), encoding="utf-8")
    return Manifest.load(folder)


def _all_nan(model: onnx.ModelProto) -> None:
    for i, tensor in enumerate(model.graph.initializer):
        values = numpy_helper.to_array(tensor)
        if values.dtype in (np.float16, np.float32) and values.size > 16:
            broken = numpy_helper.from_array(np.full_like(values, np.nan), tensor.name)
            model.graph.initializer[i].CopyFrom(broken)


def test_weights_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"detector\.onnx answers with what is no number"):
        Detector(changed(tmp_path, _all_nan))


def test_a_network_that_is_no_detector_is_refused(tmp_path: Path) -> None:
    def other(model: onnx.ModelProto) -> None:
        model.CopyFrom(onnx.load(MODELS / "emotion.onnx"))

    with pytest.raises(ModelError, match=r"detector\.onnx"):
        Detector(changed(tmp_path, other))


def test_a_file_that_was_altered_or_is_missing_is_refused(tmp_path: Path) -> None:
    shutil.copytree(MODELS, tmp_path, dirs_exist_ok=True)
    (tmp_path / "detector.onnx").write_bytes(b"not onnx")
    with pytest.raises(ModelError, match="sha256 differs"):
        Detector(Manifest.load(tmp_path))
    (tmp_path / "detector.onnx").unlink()
    with pytest.raises(ModelError, match="is missing"):
        Detector(Manifest.load(tmp_path))


def test_a_manifest_without_a_detector_says_so(tmp_path: Path) -> None:
    shape = json.loads((MODELS / "manifest.json").read_text(encoding="utf-8"))
    shape.pop("detector")
    (tmp_path / "manifest.json").write_text(json.dumps(shape), encoding="utf-8")
    with pytest.raises(ModelError, match="knows no detector"):
        Detector(Manifest.load(tmp_path))
