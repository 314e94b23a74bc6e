"""docs/models.md: its manifest and its Keras lines are run as they stand there."""

from __future__ import annotations

import dataclasses
import hashlib
import re
from pathlib import Path

import numpy as np
import pytest

from tests.unit.utils.own_models import network
from utils.classifiers import Classifier
from utils.labels import EMOTIONS, GENDERS
from utils.manifest import Manifest, Network
from utils.preprocessor import CropSpec
from utils.settings import ROOT

TEXT = (ROOT / "docs" / "models.md").read_text()


def block(language: str) -> str:
    """The first code block of a language."""
    found = re.search(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)
    assert found is not None
    return found[1]


def write_manifest(folder: Path) -> Manifest:
    """The page's own manifest, with the digest filled in as it says."""
    digest = hashlib.sha256((folder / "gender.onnx").read_bytes()).hexdigest()
    text = block("json").replace("what sha256sum gender.onnx prints", digest)
    (folder / "manifest.json").write_text(text)
    return Manifest.load(folder)


def test_the_smallest_manifest_is_one(tmp_path: Path) -> None:
    (tmp_path / "gender.onnx").write_bytes(network(2, shape=("n", 64, 64, 3), levels=(0, 0)))
    served = Classifier("gender", write_manifest(tmp_path))
    white = np.full((64, 64, 3), 255, np.uint8)
    assert served.predict([white])[0].label in GENDERS


def test_every_field_and_label_is_described() -> None:
    for spec in dataclasses.fields(Network):
        if spec.name != "crop":
            assert f"`{spec.name}`" in TEXT, spec.name
    for spec in dataclasses.fields(CropSpec):
        assert f"`crop.{spec.name}`" in TEXT, spec.name
    assert ", ".join(EMOTIONS) in TEXT
    assert " and ".join(GENDERS) in TEXT


@pytest.mark.filterwarnings("ignore:In the future `np.object`:FutureWarning")
def test_the_keras_lines_write_a_network_that_is_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import keras

    monkeypatch.chdir(tmp_path)
    (tmp_path / "models").mkdir()
    trained = keras.Sequential(
        [keras.Input((64, 64, 3)), keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(2)]
    )
    # Man where it is bright, woman where it is dark; the manifest names man first.
    trained.layers[-1].set_weights([np.full((3, 2), [0.01, 0]), np.array([0, 3.825])])
    exec(block("python"), {"trained": trained})  # noqa: S102 - the page's own lines
    served = Classifier("gender", write_manifest(tmp_path / "models"))
    crops = [np.full((64, 64, 3), level, np.uint8) for level in (255, 0)]
    bright, dark = served.predict(crops)
    assert (bright.label, dark.label) == ("man", "woman")
    assert bright.probability == pytest.approx(1 / (1 + np.exp(3.825 - 7.65)), abs=1e-4)
