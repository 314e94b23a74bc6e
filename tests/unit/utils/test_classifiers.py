from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path

import numpy as np
import pytest

from utils.classifiers import Classifier
from utils.errors import ModelError
from utils.manifest import Manifest


@pytest.fixture(scope="module")
def emotion() -> Classifier:
    return Classifier("emotion", Manifest.load())


def test_a_batch_gives_one_opinion_a_crop_in_order(emotion: Classifier) -> None:
    rng = np.random.default_rng(0)
    crops = [rng.integers(0, 255, (48, 48), np.uint8) for _ in range(5)]
    together = emotion.predict(crops)
    alone = [emotion.predict([crop])[0] for crop in crops]
    assert len(together) == 5
    for a, b in zip(together, alone, strict=True):
        assert np.allclose(a.probabilities, b.probabilities, atol=1e-5)


def test_no_crops_give_no_opinions(emotion: Classifier) -> None:
    assert emotion.predict([]) == []


def test_an_opinion_is_sure_from_the_manifests_threshold_on() -> None:
    manifest = Manifest.load()
    crops = [np.full((48, 48), 128, np.uint8)]
    for threshold, sure in ((0.0, True), (1.0, False)):
        changed = dataclasses.replace(manifest.networks["emotion"], sure_from=threshold)
        networks = {**manifest.networks, "emotion": changed}
        classifier = Classifier("emotion", dataclasses.replace(manifest, networks=networks))
        assert classifier.predict(crops)[0].sure is sure


def test_a_file_that_is_no_network_is_refused(tmp_path: Path) -> None:
    (tmp_path / "emotion.onnx").write_bytes(b"no network")
    digest = hashlib.sha256(b"no network").hexdigest()
    manifest = Manifest.load()
    changed = dataclasses.replace(manifest.networks["emotion"], sha256={"emotion.onnx": digest})
    manifest = dataclasses.replace(manifest, networks={"emotion": changed}, folder=tmp_path)
    with pytest.raises(ModelError, match=r"ONNX Runtime refuses emotion\.onnx"):
        Classifier("emotion", manifest)


def test_a_network_with_other_outputs_than_labels_is_refused() -> None:
    manifest = Manifest.load()
    changed = dataclasses.replace(manifest.networks["emotion"], labels=("fear", "anger"))
    with pytest.raises(ModelError, match="8 outputs for 2 labels"):
        Classifier("emotion", dataclasses.replace(manifest, networks={"emotion": changed}))
