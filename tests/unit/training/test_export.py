"""From training to the served file, on networks small enough for a test."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import keras
import numpy as np
import pytest

from training import export, fit, train_emotion, train_gender
from training.architectures import mini_resnet, with_probabilities
from training.datasets import Faces, sha256_of
from training.evaluate import evaluate, main
from utils.classifiers import Classifier
from utils.labels import EMOTIONS, GENDERS
from utils.manifest import MODELS, Manifest, Network
from utils.preprocessor import CropSpec, to_input

# Both come from inside Keras and tf2onnx, on import and at every batch.
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*np.object.*:FutureWarning"),
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't:DeprecationWarning"),
]


@pytest.fixture(scope="module")
def models(drawn_packs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A models folder made by the real commands from drawn packs, one epoch each."""
    runs, folder = tmp_path_factory.mktemp("runs"), tmp_path_factory.mktemp("models")
    for name, script in (("emotion", train_emotion), ("gender", train_gender)):
        arguments = ["--data", str(drawn_packs), "--runs", str(runs), "--epochs", "1"]
        small = dataclasses.replace(script.CONFIG, batch=8)
        fit.command("test", small, script.load, arguments)
        export.export(name, drawn_packs, runs, folder)
    return folder


@pytest.mark.parametrize("name", ["emotion", "gender"])
def test_a_run_ends_in_files_a_manifest_and_a_card(
    models: Path, drawn_packs: Path, name: str
) -> None:
    network = Manifest.load(models).networks[name]
    for file, digest in network.sha256.items():
        assert sha256_of(models / file) == digest
    pack = {"emotion": "fer2013.npz", "gender": "fairface_64.npz"}[name]
    assert network.data == {pack: sha256_of(drawn_packs / pack)}
    assert network.config["epochs"] == 1
    card = (models / f"{name}.md").read_text()
    assert "What it must not be used for" in card
    assert "Terms" in card


@pytest.mark.parametrize("folder", ["drawn", "served"])
@pytest.mark.parametrize("name", ["emotion", "gender"])
def test_the_exported_network_is_the_trained_one(models: Path, folder: str, name: str) -> None:
    where = models if folder == "drawn" else MODELS
    served = Classifier(name, Manifest.load(where))
    trained = keras.saving.load_model(where / f"{name}.keras", compile=False)
    shape = (17, served.crop.size_px, served.crop.size_px, 1 if name == "emotion" else 3)
    batch = np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32)
    expected = np.asarray(trained.predict(batch, verbose=0))
    assert np.abs(served.probabilities(batch) - expected).max() <= 1e-4


@pytest.mark.parametrize("labels", [EMOTIONS, GENDERS])
def test_each_label_comes_back_under_its_own_name(labels: tuple[str, ...], tmp_path: Path) -> None:
    """A network that answers class i for gray level i, through the exported file."""
    spec = CropSpec(size_px=16, color="gray", margin=0.0)
    levels = np.linspace(-0.9, 0.9, len(labels))
    faces = keras.Input((16, 16, 1))
    mean = keras.layers.GlobalAveragePooling2D()(faces)
    dense = keras.layers.Dense(len(labels), name="logits")
    model = keras.Model(faces, dense(mean))
    # -(mean - level)^2 without the mean's own square, which all classes share: linear in the mean.
    dense.set_weights([200 * levels[None], -100 * levels**2])
    served = with_probabilities(model)
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
    majority = private.targets.argmax(1)
    means = np.stack([probabilities[majority == i].mean(0) for i in range(len(EMOTIONS))])
    assert means.argmax(0).tolist() == list(range(len(EMOTIONS)))


def test_training_and_serving_scale_with_the_same_function() -> None:
    assert fit.to_input is to_input
    config = dataclasses.replace(train_emotion.CONFIG, batch=2)
    faces = Faces(np.full((2, 48, 48), 200, np.uint8), np.eye(8, dtype=np.float32)[:2])
    still = dataclasses.replace(
        config.augmentation,
        shift=0,
        scale=0,
        rotate_deg=0,
        contrast=0,
        brightness=0,
        erase_share=0,
    )
    batch, _, _ = fit.Batches(faces, dataclasses.replace(config, augmentation=still))[0]
    assert np.allclose(batch, to_input(faces.images, config.crop))


def test_evaluate_prints_one_object_with_every_figure(
    models: Path, drawn_packs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = evaluate(drawn_packs, models)
    main(["--data", str(drawn_packs), "--models", str(models), "--json"])
    printed = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert set(printed) == {
        "fer2013_private_accuracy",
        "ferplus_test_accuracy",
        "ferplus_ece",
        "ferplus_sure_coverage",
        "ferplus_sure_accuracy",
        "fairface_val_accuracy",
        "fairface_worst_gap",
        "fairface_ece",
        "fairface_sure_coverage",
        "fairface_sure_accuracy",
        "n",
    }
    assert set(printed["n"]) == set(printed) - {"n"}
    assert 0 <= figures["fairface_val_accuracy"] <= 1


def test_a_run_of_the_same_name_goes_on_where_it_stopped(drawn_packs: Path, tmp_path: Path) -> None:
    config = dataclasses.replace(train_emotion.CONFIG, batch=8, epochs=2)
    training, validation = train_emotion.load(drawn_packs)
    fit.train(dataclasses.replace(config, epochs=1), training, validation, tmp_path)
    fit.train(config, training, validation, tmp_path)
    log = (tmp_path / "emotion" / "log.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in log] == ["epoch", "0", "1"]


def test_what_a_batch_holds_depends_on_the_seed_and_the_epoch_alone() -> None:
    faces = Faces(
        np.random.default_rng(0).integers(0, 255, (32, 48, 48), np.uint8),
        np.eye(8, dtype=np.float32)[np.arange(32) % 8],
    )
    config = dataclasses.replace(train_emotion.CONFIG, batch=8)
    first, second = fit.Batches(faces, config), fit.Batches(faces, config)
    assert (first[1][0] == second[1][0]).all()
    second.epoch = 1
    assert (first[1][0] != second[1][0]).any()


def test_rare_classes_weigh_more_and_the_mean_stays_one() -> None:
    targets = np.eye(2, dtype=np.float32)[[0] * 90 + [1] * 10]
    weights = fit.class_weights(targets, 0.5)
    assert weights.mean() == pytest.approx(1, abs=1e-5)
    assert weights[-1] / weights[0] == pytest.approx(3, rel=1e-4)


def test_the_architecture_stays_within_its_size() -> None:
    emotion = mini_resnet(size_px=48, channels=1, classes=8)
    gender = mini_resnet(size_px=64, channels=3, classes=2)
    assert emotion.count_params() <= 700_000
    assert gender.count_params() <= 700_000
