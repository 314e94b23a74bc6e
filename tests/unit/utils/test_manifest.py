from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import pytest

from utils.errors import ModelError
from utils.labels import EMOTIONS, GENDERS
from utils.manifest import MODELS, Manifest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of trained_models/ that a test may damage."""
    return Path(shutil.copytree(MODELS, tmp_path / "models"))


def test_the_manifest_describes_both_networks_with_our_labels() -> None:
    networks = Manifest.load().networks
    assert networks["emotion"].labels == EMOTIONS
    assert networks["gender"].labels == GENDERS
    for network in networks.values():
        assert network.metrics
        assert network.config["seed"]
        assert all(len(digest) == 64 for digest in network.data.values())


def test_what_is_saved_is_loaded_again(tmp_path: Path) -> None:
    manifest = dataclasses.replace(Manifest.load(), folder=tmp_path)
    manifest.save()
    assert Manifest.load(tmp_path) == manifest


def test_every_file_named_in_the_manifest_is_the_one_it_describes() -> None:
    manifest = Manifest.load()
    for name in manifest.networks:
        assert manifest.read_weights(name)


def test_altered_weights_are_refused_in_a_sentence(folder: Path) -> None:
    file = folder / "emotion.onnx"
    data = bytearray(file.read_bytes())
    data[1000] ^= 1
    file.write_bytes(data)
    with pytest.raises(ModelError, match="sha256 differs"):
        Manifest.load(folder).read_weights("emotion")


def test_missing_weights_are_named(folder: Path) -> None:
    (folder / "emotion.onnx").unlink()
    with pytest.raises(ModelError, match=r"emotion\.onnx is missing"):
        Manifest.load(folder).read_weights("emotion")


def test_an_unknown_network_is_named() -> None:
    with pytest.raises(ModelError, match="no network 'mood'"):
        Manifest.load().read_weights("mood")


def test_a_missing_manifest_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"manifest\.json is missing"):
        Manifest.load(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "{}",
        '{"name": "x", "version": "1", "networks": 3}',
        '{"name": "x", "version": "1", "networks": {"emotion": 3}}',
        '{"name": "", "version": "1", "networks": {}}',
        '{"name": "x", "version": 1, "networks": {}}',
        "\ud800",
    ],
)
def test_a_damaged_manifest_is_refused_in_a_sentence(folder: Path, text: str) -> None:
    (folder / "manifest.json").write_text(text, errors="surrogatepass")
    with pytest.raises(ModelError, match=r"manifest\.json cannot be used: ") as caught:
        Manifest.load(folder)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"file": "../detector.onnx"}, "file must be the name of a file"),
        ({"file": 7}, "file must be the name of a file"),
        ({"sha256": {}}, "sha256 must map file names to digests"),
        ({"slope": 0}, "slope must be above 0"),
        ({"slope": float("inf")}, "slope must be a number"),
        ({"offset": "1"}, "offset must be a number"),
    ],
)
def test_a_detector_that_cannot_be_used_is_refused_in_a_sentence(
    folder: Path, wrong: dict[str, object], words: str
) -> None:
    shape = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    shape["detector"].update(wrong)
    (folder / "manifest.json").write_text(json.dumps(shape), encoding="utf-8")
    with pytest.raises(ModelError, match=rf"manifest\.json cannot be used: detector: {words}"):
        Manifest.load(folder)


def test_a_manifest_that_is_there_but_cannot_be_read_is_not_called_missing(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").mkdir()
    with pytest.raises(ModelError, match=r"manifest\.json cannot be read: Is a directory"):
        Manifest.load(tmp_path)
