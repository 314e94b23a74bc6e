"""From training to the served file, on networks small enough for a test."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest

from training import batches, calibration, export, train_emotion, train_gender
from training.architectures import with_probabilities
from training.command import command
from training.packs import sha256_of
from utils.classifiers import Classifier
from utils.labels import EMOTIONS, GENDERS
from utils.manifest import MODELS, Manifest, Network
from utils.preprocessor import CropSpec, resize_square, to_input

# Both come from inside Keras and tf2onnx, on import and at every batch.
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*np.object.*:FutureWarning"),
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't:DeprecationWarning"),
]


def trained(name: str, packs: Path, runs: Path, seed: str = "20") -> Path:
    """The folder of a run made by the real command, one epoch on drawn packs."""
    script = {"emotion": train_emotion, "gender": train_gender}[name]
    small = dataclasses.replace(script.CONFIG, batch=8, stem=8, blocks=((8, 1), (16, 2), (16, 2)))
    words = ["--data", str(packs), "--runs", str(runs), "--epochs", "1", "--seed", seed]
    command(None, small, script.load, [*words, "--decay-epochs", "1"])
    return runs / name


@pytest.fixture(scope="module")
def runs(drawn_packs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    runs = tmp_path_factory.mktemp("runs")
    for name in ("emotion", "gender"):
        trained(name, drawn_packs, runs)
    return runs


@pytest.fixture(scope="module")
def models(drawn_packs: Path, runs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A models folder made by the real commands."""
    folder = tmp_path_factory.mktemp("models")
    for name in ("emotion", "gender"):
        export.export(name, drawn_packs, runs / name, folder)
    return folder


def test_what_else_the_manifest_knows_stays(
    models: Path, runs: Path, drawn_packs: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "models"
    shutil.copytree(models, folder)
    detector = Manifest.load(MODELS).detector
    assert detector is not None
    dataclasses.replace(Manifest.load(folder), detector=detector).save()
    export.export("gender", drawn_packs, runs / "gender", folder, force=True)
    kept = Manifest.load(folder)
    assert kept.detector == detector
    assert kept.networks["emotion"] == Manifest.load(models).networks["emotion"]


@pytest.mark.parametrize("name", ["emotion", "gender"])
def test_a_run_ends_in_files_a_manifest_and_a_card(
    models: Path, drawn_packs: Path, name: str
) -> None:
    network = Manifest.load(models).networks[name]
    assert set(network.sha256) == {f"{name}{end}" for end in (".keras", ".onnx", ".int8.onnx")}
    for file, digest in network.sha256.items():
        assert sha256_of(models / file) == digest
    pack = {"emotion": "fer2013.npz", "gender": "fairface_64.npz"}[name]
    assert network.data == {pack: sha256_of(drawn_packs / pack)}
    assert network.config["epochs"] == 1
    assert "fairface_val_accuracy" in network.metrics or name == "emotion"
    assert (models / f"{name}.md").read_text().startswith("# Model card")


def test_a_better_network_is_replaced_by_force_only(
    models: Path, drawn_packs: Path, runs: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "models"
    shutil.copytree(models, folder)
    manifest = Manifest.load(folder)
    entry = manifest.networks["gender"]
    perfect = dict.fromkeys(entry.metrics, 0.0) | {"fairface_val_accuracy": 1.01}
    networks = {**manifest.networks, "gender": dataclasses.replace(entry, metrics=perfect)}
    dataclasses.replace(manifest, networks=networks).save()
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    with pytest.raises(SystemExit, match=r"better gender network.*--force"):
        export.export("gender", drawn_packs, runs / "gender", folder)
    assert {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()} == before
    export.export("gender", drawn_packs, runs / "gender", folder, force=True)
    assert Manifest.load(folder).networks["gender"].metrics["fairface_val_accuracy"] <= 1


def test_the_served_network_answers_as_the_trained_one(runs: Path, drawn_packs: Path) -> None:
    """Folding, rounding to float16 and the temperature change no answer."""
    recipe = export.RECIPES["emotion"]
    _, validation = recipe.load(drawn_packs)
    network, temperature, _ = export.served(runs / "emotion", recipe, validation)
    original = keras.saving.load_model(runs / "emotion" / "average.keras", compile=False)
    batch = np.random.default_rng(0).uniform(-1, 1, (9, 48, 48, 1)).astype(np.float32)
    logits = keras.ops.convert_to_numpy(original(batch)["emotion"])
    expected = calibration.softmax(logits / temperature)
    assert np.abs(network.predict(batch, verbose=0)[0] - expected).max() < 2e-2


@pytest.mark.parametrize("name", ["emotion", "gender"])
def test_the_small_variant_is_small_and_close(name: str) -> None:
    """The committed int8 file; half an answer in a hundred may differ in what it costs."""
    network = Manifest.load().networks[name]
    file = MODELS / f"{name}.int8.onnx"
    assert sha256_of(file) == network.sha256[file.name]
    assert file.stat().st_size <= 1_000_000
    assert (MODELS / network.file).stat().st_size <= 3_000_000


@pytest.mark.parametrize("folder", ["drawn", "served"])
@pytest.mark.parametrize("name", ["emotion", "gender"])
def test_the_exported_network_is_the_trained_one(models: Path, folder: str, name: str) -> None:
    where = models if folder == "drawn" else MODELS
    served = Classifier(name, Manifest.load(where))
    kept = keras.saving.load_model(where / f"{name}.keras", compile=False)
    shape = (17, served.crop.size_px, served.crop.size_px, 1 if name == "emotion" else 3)
    batch = np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32)
    expected = kept.predict(batch, verbose=0)
    expected = expected if isinstance(expected, list) else [expected]
    for output, probabilities in enumerate(expected):
        answered = served.probabilities(batch, output=output)
        assert np.abs(answered - probabilities).max() <= 1e-4


@pytest.mark.parametrize("labels", [EMOTIONS, GENDERS])
def test_each_label_comes_back_under_its_own_name(labels: tuple[str, ...], tmp_path: Path) -> None:
    """A network that answers class i for gray level i, through the exported file."""
    spec = CropSpec(size_px=16, color="gray", margin=0.0)
    levels = np.linspace(-0.9, 0.9, len(labels))
    faces = keras.Input((16, 16, 1))
    mean = keras.layers.GlobalAveragePooling2D()(faces)
    dense = keras.layers.Dense(len(labels), name="x")
    model = keras.Model(faces, {"x": dense(mean)})
    # -(mean - level)^2 without the mean's own square, which all classes share: linear in the mean.
    dense.set_weights([200 * levels[None], -100 * levels**2])
    served = with_probabilities(model, ["x"])
    served(np.zeros((1, 16, 16, 1), np.float32))
    served.export(tmp_path / "x.onnx", format="onnx", verbose=False)
    digest = {"x.onnx": sha256_of(tmp_path / "x.onnx")}
    network = Network(file="x.onnx", sha256=digest, labels=labels, crop=spec, sure_from=0.5)
    manifest = Manifest(name="t", version="0", networks={"x": network}, folder=tmp_path)
    crops = [np.full((16, 16), round((v + 1) * 127.5), np.uint8) for v in levels]
    answers = Classifier("x", manifest).predict(crops)
    assert [answer.label for answer in answers] == list(labels)


def test_the_served_emotion_names_follow_the_crowd(packs: Path) -> None:
    """For each name, the pictures of that majority get the highest mean probability of it."""
    from training.datasets import FER_PRIVATE, emotion_split, load_fer
    from training.evaluate import predict

    private = emotion_split(load_fer(packs), FER_PRIVATE)
    probabilities = predict(Classifier("emotion", Manifest.load()), private.images)
    majority = private.targets["emotion"].argmax(1)
    means = np.stack([probabilities[majority == i].mean(0) for i in range(len(EMOTIONS))])
    assert means.argmax(0).tolist() == list(range(len(EMOTIONS)))


def test_training_and_serving_scale_with_the_same_function() -> None:
    assert batches.to_input is to_input
    images = np.full((2, 96, 96, 3), 200, np.uint8)
    spec = train_emotion.CONFIG.crop
    served = to_input([resize_square(image, spec) for image in images], spec)
    assert np.allclose(batches.clean_input(images, spec), served)
