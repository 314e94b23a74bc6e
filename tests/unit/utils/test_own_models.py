"""SEMBLANCE_EMOTION_MODEL and SEMBLANCE_GENDER_MODEL: served as ours are, or refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto

from tests.unit.utils import own_models
from tests.unit.utils.own_models import SIZE_PX, network, write
from utils.classifiers import Classifier
from utils.errors import ModelError
from utils.labels import EMOTIONS, GENDERS
from utils.manifest import Manifest
from utils.pipeline import Pipeline
from utils.settings import Settings

SEVEN = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")


def load(**folders: Path | str) -> Pipeline:
    return Pipeline.load(Settings.load({k: str(v) for k, v in folders.items()}, dotenv=None))


def classifier(folder: Path, name: str = "emotion") -> Classifier:
    return Classifier(name, Manifest.load(folder))


def test_a_photo_is_answered_by_the_network_of_the_folder(
    tmp_path: Path, astronaut_jpeg: bytes
) -> None:
    write(tmp_path, "emotion", SEVEN)
    write(tmp_path, "gender", ("man", "woman"))
    pipeline = load(SEMBLANCE_EMOTION_MODEL=tmp_path, SEMBLANCE_GENDER_MODEL=tmp_path)
    pipeline.warm_up()
    seen = pipeline.analyze(astronaut_jpeg)
    assert (seen.model_name, seen.model_version) == ("mine", "7")
    (face,) = seen.faces
    assert face.emotion.labels == EMOTIONS
    assert face.emotion.label == "anger"
    assert face.emotion.sure
    assert face.emotion.probabilities[EMOTIONS.index("contempt")] == 0
    assert face.emotion.probabilities[EMOTIONS.index("disgust")] == pytest.approx(0.11, abs=0.02)
    assert face.gender is not None
    assert (face.gender.labels, face.gender.label) == (GENDERS, "man")


def test_beside_a_network_of_ours_both_are_named(tmp_path: Path, astronaut_jpeg: bytes) -> None:
    write(tmp_path, "emotion", EMOTIONS)
    seen = load(SEMBLANCE_EMOTION_MODEL=tmp_path).analyze(astronaut_jpeg)
    ours = Manifest.load()
    assert (seen.model_name, seen.model_version) == ("semblance+mine", f"{ours.version}+7")
    assert seen.faces[0].emotion.label == "neutral"
    assert seen.faces[0].gender is not None
    assert seen.faces[0].gender.label == "woman"


def test_two_folders_are_both_named(tmp_path: Path, astronaut_jpeg: bytes) -> None:
    one = write(tmp_path / "one", "emotion", EMOTIONS)
    two = write(tmp_path / "two", "gender", GENDERS, manifest_name="theirs")
    seen = load(SEMBLANCE_EMOTION_MODEL=one, SEMBLANCE_GENDER_MODEL=two).analyze(astronaut_jpeg)
    assert (seen.model_name, seen.model_version) == ("mine+theirs", "7+7")


def test_with_gender_off_its_folder_is_not_even_looked_for(
    tmp_path: Path, astronaut_jpeg: bytes
) -> None:
    pipeline = load(SEMBLANCE_GENDER="off", SEMBLANCE_GENDER_MODEL=tmp_path / "nowhere")
    seen = pipeline.analyze(astronaut_jpeg)
    assert seen.faces[0].gender is None
    assert seen.model_name == "semblance"


@pytest.mark.parametrize("setting", ["SEMBLANCE_EMOTION_MODEL", "SEMBLANCE_GENDER_MODEL"])
def test_what_is_wrong_is_said_with_the_name_of_the_setting(tmp_path: Path, setting: str) -> None:
    with pytest.raises(ModelError, match=rf"^{setting}: .*manifest\.json is missing$"):
        load(**{setting: tmp_path / "nowhere"})


def test_a_folder_without_the_wanted_network_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "emotion", EMOTIONS)
    with pytest.raises(ModelError, match=r"SEMBLANCE_GENDER_MODEL: .* knows no network 'gender'"):
        load(SEMBLANCE_GENDER_MODEL=tmp_path)


def test_a_network_for_one_face_at_a_time_answers_several_in_order(tmp_path: Path) -> None:
    many = classifier(write(tmp_path / "many", "emotion", EMOTIONS))
    one_file = network(8, shape=(1, SIZE_PX, SIZE_PX, 1))
    one = classifier(write(tmp_path / "one", "emotion", EMOTIONS, one_file))
    crops = [np.full((SIZE_PX, SIZE_PX), level, np.uint8) for level in (0, 128, 255)]
    answers = [opinion.probabilities for opinion in one.predict(crops)]
    assert np.allclose(answers, [o.probabilities for o in many.predict(crops)], atol=1e-6)
    assert len({row[0] for row in answers}) == 3


def test_colours_reach_the_network_as_red_green_blue(tmp_path: Path) -> None:
    """Its weights grow from the first channel to the last: a red face and a blue one differ."""
    data = network(2, shape=("n", SIZE_PX, SIZE_PX, 3), levels=(0, 0))
    crop = {"size_px": SIZE_PX, "color": "rgb", "margin": 0, "input_min": 0, "input_max": 255}
    served = classifier(write(tmp_path, "gender", GENDERS, data, crop=crop), "gender")
    red, blue = (np.zeros((SIZE_PX, SIZE_PX, 3), np.uint8) for _ in range(2))
    red[..., 0], blue[..., 2] = 255, 255
    weights = np.linspace(-0.1, 0.1, 6).reshape(3, 2)
    for answer, row in zip(served.predict([red, blue]), weights[[0, 2]], strict=True):
        expected = np.exp(255 * row) / np.exp(255 * row).sum()
        assert np.allclose(answer.probabilities, expected, atol=1e-5)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"shape": ("n", 1, SIZE_PX, SIZE_PX)}, r"reads \(n, 1, 16, 16\) .* \(n, 16, 16, 1\)"),
        ({"shape": ("n", 48, 48, 1)}, r"reads \(n, 48, 48, 1\) where its crop"),
        ({"shape": ("n", SIZE_PX, SIZE_PX, 3)}, r"reads \(n, 16, 16, 3\) where its crop"),
        ({"shape": (8, SIZE_PX, SIZE_PX, 1)}, r"reads \(8, 16, 16, 1\) .* or one"),
        ({"shape": (None, SIZE_PX, SIZE_PX, 1, 1)}, r"reads \(n, 16, 16, 1, 1\) where its crop"),
        ({"read": TensorProto.UINT8}, r"reads tensor\(uint8\) where float32 is fed"),
        ({"second_input": True}, "has 2 inputs where one is fed"),
        ({"outputs": 7}, "has 7 outputs for 8 labels"),
        ({"keepdims": 1}, r"has a first output of shape \(2, 1, 1, 8\) where \(2, 8\) is read"),
        ({"ending": "Identity"}, "not answer with probabilities .* end it with a softmax"),
        ({"ending": "LogSoftmax"}, "not answer with probabilities"),
        ({"ending": "Sigmoid"}, "not answer with probabilities"),
        ({"levels": [float("nan")] * 8}, "not answer with probabilities .* nan"),
        ({"training_mode": True}, "answers differently for a face alone and among others"),
    ],
)
def test_a_network_that_cannot_be_served_is_refused_in_a_sentence(
    tmp_path: Path, options: dict[str, Any], sentence: str, capfd: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, "emotion", EMOTIONS, network(**{"outputs": 8, **options}))
    with pytest.raises(ModelError, match=rf"emotion\.onnx .*{sentence}") as caught:
        classifier(tmp_path)
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_a_network_that_fails_when_it_runs_is_refused(tmp_path: Path) -> None:
    data = network(8, shape=("n", "height", "width", "channels"))
    crop = {"size_px": SIZE_PX, "color": "rgb", "margin": 0}
    write(tmp_path, "emotion", EMOTIONS, data, crop=crop)
    with pytest.raises(ModelError, match=r"emotion\.onnx fails in a trial run") as caught:
        classifier(tmp_path)
    assert "\n" not in str(caught.value)


def test_weights_in_a_second_file_are_refused(tmp_path: Path) -> None:
    data = own_models.external(network(8), tmp_path / "x.onnx")
    write(tmp_path, "emotion", EMOTIONS, data)
    with pytest.raises(ModelError, match=r"ONNX Runtime refuses emotion\.onnx") as caught:
        classifier(tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "labels", "sentence"),
    [
        ("emotion", (*EMOTIONS[:7], "happy"), "'happy' is not among the labels of 'emotion'"),
        ("emotion", (*EMOTIONS[:7], "fear"), "the labels of 'emotion' repeat one"),
        ("gender", ("Woman", "man"), "'Woman' is not among the labels of 'gender'.* woman, man"),
        ("gender", ("man", "man"), "the labels of 'gender' repeat one"),
        ("gender", ("man",), "labels must be a list of at least two names"),
    ],
)
def test_labels_are_ours_by_name(
    tmp_path: Path, name: str, labels: tuple[str, ...], sentence: str
) -> None:
    write(tmp_path, name, labels, network(len(labels)))
    with pytest.raises(ModelError, match=sentence):
        classifier(tmp_path, name)


def test_altered_weights_are_refused(tmp_path: Path) -> None:
    write(tmp_path, "emotion", EMOTIONS)
    (tmp_path / "emotion.onnx").write_bytes(network(8, levels=range(8)))
    with pytest.raises(ModelError, match="sha256 differs"):
        load(SEMBLANCE_EMOTION_MODEL=tmp_path)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"sure_from": 1.2}, "emotion: sure_from must be a number from 0 to 1"),
        ({"sure_from": "0.5"}, "sure_from must be"),
        ({"sure_from": float("nan")}, "sure_from must be"),
        ({"labels": "fear"}, "emotion: labels must be"),
        ({"labels": [1, 2]}, "emotion: labels must be"),
        ({"file": "../emotion.onnx"}, "file must be the name of a file"),
        ({"sha256": "abc"}, "sha256 must map"),
        ({"sha256": {}}, r"sha256 must map file names to digests, 'emotion\.onnx' among them"),
        ({"sure_form": 0.5}, "emotion has no field sure_form"),
        ({"crop": {"size_px": 48, "color": "gray"}}, r"emotion\.crop lacks margin"),
        ({"crop": {"size_px": 48, "color": "bgr", "margin": 0}}, "crop: .* color = 'bgr'"),
        ({"crop": {"size_px": 48.5, "color": "rgb", "margin": 0}}, r"size_px = 48\.5"),
        ({"crop": {"size_px": 9999, "color": "rgb", "margin": 0}}, "size_px = 9999"),
        ({"crop": {"size_px": 48, "color": "rgb", "margin": "0"}}, "margin = '0'"),
        ({"crop": [48]}, r"emotion\.crop must be an object"),
    ],
)
def test_a_wrong_entry_is_refused_with_the_name_of_the_field(
    tmp_path: Path, change: dict[str, Any], sentence: str
) -> None:
    write(tmp_path, "emotion", EMOTIONS)
    path = tmp_path / "manifest.json"
    shape = json.loads(path.read_text())
    shape["networks"]["emotion"].update(change)
    path.write_text(json.dumps(shape))
    with pytest.raises(ModelError, match=f"manifest.json cannot be used: .*{sentence}") as caught:
        Manifest.load(tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("field", ["file", "sha256", "labels", "crop", "sure_from"])
def test_a_missing_field_is_named(tmp_path: Path, field: str) -> None:
    write(tmp_path, "emotion", EMOTIONS)
    path = tmp_path / "manifest.json"
    shape = json.loads(path.read_text())
    del shape["networks"]["emotion"][field]
    path.write_text(json.dumps(shape))
    with pytest.raises(ModelError, match=f"cannot be used: emotion lacks {field}$"):
        Manifest.load(tmp_path)
