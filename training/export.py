"""From a finished run to what is served: calibrate, freeze, export, measure, describe.

    python -m training.export emotion --data DIR [--runs runs]

Writes `.keras` and `.onnx` into trained_models/, the network's entry of manifest.json and its
model card. The temperature that calibrates the network on its validation split is worked into the
last layer's weights, so that every runtime gives calibrated probabilities without knowing of it.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np

from training import calibration, train_emotion, train_gender
from training.architectures import with_probabilities
from training.datasets import Faces, sha256_of
from training.evaluate import Figures, evaluate_emotion, evaluate_gender
from training.fit import TrainConfig, build
from training.model_card import write_card
from utils.classifiers import Classifier
from utils.labels import EMOTIONS, GENDERS
from utils.manifest import MODELS, Manifest, Network
from utils.preprocessor import to_input

_VERSION = "0.1.0"
_SURE_ACCURACY = {"emotion": 0.90, "gender": 0.97}
_RECIPES = {
    "emotion": (train_emotion.CONFIG, train_emotion.load, EMOTIONS, ["fer2013.npz"]),
    "gender": (train_gender.CONFIG, train_gender.load, GENDERS, ["fairface_64.npz"]),
}
_JUDGES = {"emotion": evaluate_emotion, "gender": evaluate_gender}


def frozen(best: Path, config: TrainConfig, classes: int) -> keras.Model:
    """The trained network in float32, whatever precision it was trained in; logits."""
    keras.mixed_precision.set_global_policy("float32")
    model = build(config, classes)
    model.set_weights(keras.saving.load_model(best, compile=False).get_weights())
    return model


def calibrated(model: keras.Model, validation: Faces, config: TrainConfig) -> tuple[float, float]:
    """Work the best temperature into the last layer; the temperature and the sure threshold."""
    batch = to_input(validation.images, config.crop)
    logits = np.asarray(model.predict(batch, batch_size=256, verbose=0))
    value = calibration.temperature(logits, validation.targets)
    last = model.get_layer("logits")
    last.set_weights([weights / value for weights in last.get_weights()])
    probabilities = calibration.softmax(logits / value)
    truth = validation.targets.argmax(1)
    return value, calibration.sure_from(probabilities, truth, _SURE_ACCURACY[config.name])


def export(name: str, data: Path, runs: Path, folder: Path = MODELS) -> Figures:
    """Export one network and return its figures."""
    config, load, labels, packs = _RECIPES[name]
    folder.mkdir(parents=True, exist_ok=True)
    _, validation = load(data)
    model = frozen(runs / name / "best.keras", config, len(labels))
    temperature, sure_from = calibrated(model, validation, config)
    served = with_probabilities(model)
    keras_file, onnx_file = folder / f"{name}.keras", folder / f"{name}.onnx"
    served(np.zeros((1, *served.input_shape[1:]), np.float32))  # export needs one call before it
    served.save(keras_file)
    served.export(onnx_file, format="onnx", verbose=False)
    network = Network(
        file=onnx_file.name,
        sha256={path.name: sha256_of(path) for path in (keras_file, onnx_file)},
        labels=labels,
        crop=config.crop,
        sure_from=sure_from,
        temperature=round(temperature, 4),
        config=json.loads((runs / name / "config.json").read_text(encoding="utf-8")),
        data={pack: sha256_of(data / pack) for pack in packs},
    )
    manifest = _with(name, network, folder)
    figures = _JUDGES[name](data, Classifier(name, manifest), sure_from)
    metrics = {k: round(v, 4) for k, v in figures.items() if isinstance(v, float)}
    manifest = _with(name, replace(network, metrics=metrics), folder)
    entry = manifest.networks[name]
    write_card(name, entry, figures, parameters=served.count_params(), folder=folder)
    return figures


def _with(name: str, network: Network, folder: Path) -> Manifest:
    """The folder's manifest with one entry replaced, saved."""
    known = dict(Manifest.load(folder).networks) if (folder / "manifest.json").exists() else {}
    networks = {**known, name: network}
    manifest = Manifest(name="semblance", version=_VERSION, networks=networks, folder=folder)
    manifest.save()
    return manifest


def main(argv: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=sorted(_RECIPES))
    parser.add_argument("--data", type=Path, required=True, help="folder of the data packs")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="where training wrote")
    arguments = parser.parse_args(argv)
    figures = export(arguments.name, arguments.data, arguments.runs)
    for key, value in figures.items():
        if isinstance(value, float):
            print(f"{key:28} {value:.4f}")


if __name__ == "__main__":
    main()
