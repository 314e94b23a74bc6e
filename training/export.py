"""From a finished run to what is served: calibrate, fold, export, measure, describe.

    python -m training.export emotion --data DIR [--runs runs] [--run NAME] [--force]

Writes `.keras`, `.onnx` and the int8 variant into trained_models/, the network's entry of
manifest.json, its report, plots and model card. The temperature that calibrates the network on its
validation split is worked into the last layer's weights, so that every runtime gives calibrated
probabilities without knowing of it. A network that is better than the new one is not replaced.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from training import calibration, history, train_emotion, train_gender
from training.architectures import fold, with_probabilities
from training.batches import clean_input
from training.compress import quantise, store_half
from training.config import TrainConfig
from training.datasets import Faces
from training.evaluate import Figures, better, publish
from training.fit import build
from training.packs import one_sentence, sha256_of
from training.pruning import prune
from utils.labels import EMOTIONS, GENDERS
from utils.manifest import MODELS, Manifest, Network

_VERSION = "0.5.0"
_INT8_FACES = 512
_INT8_MAX_BYTES = 1_000_000


@dataclass(frozen=True)
class Recipe:
    """What an export must know beyond the run's own configuration.

    The first of `heads` has `labels` and is served; `sure_accuracy` is asked of sure answers on the
    validation pictures, a little more than what they are to keep on others.
    """

    load: Callable[[Path], tuple[Faces, Faces]]
    labels: tuple[str, ...]
    heads: tuple[str, ...]
    packs: tuple[str, ...]
    sure_accuracy: float


RECIPES = {
    "emotion": Recipe(train_emotion.load, EMOTIONS, ("emotion", "fer2013"), ("fer2013.npz",), 0.96),
    "gender": Recipe(train_gender.load, GENDERS, ("gender",), ("fairface_64.npz",), 0.97),
}


def served(run: Path, recipe: Recipe, validation: Faces) -> tuple[keras.Model, float, float]:
    """The run's network as it is served; the temperature and the threshold of its first head.

    Float32 whatever precision it was trained in, without batch normalisations and training-only
    heads, calibrated, its weights rounded to numbers that float16 can hold.
    """
    keras.mixed_precision.set_global_policy("float32")
    config = TrainConfig.from_dict(_config(run))
    model = build(config, normalise=False)
    fold(keras.saving.load_model(run / "average.keras", compile=False), model)
    logits = model.predict(clean_input(validation.images, config.crop), batch_size=256, verbose=0)
    temperatures = []
    for head in recipe.heads:
        truth = validation.targets[head].argmax(1)
        temperatures.append(calibration.temperature(logits[head], truth))
        last = model.get_layer(head)
        last.set_weights([weights / temperatures[-1] for weights in last.get_weights()])
    first = recipe.heads[0]
    sure_from = calibration.sure_from(
        calibration.softmax(logits[first] / temperatures[0]),
        validation.targets[first].argmax(1),
        recipe.sure_accuracy,
    )
    network = with_probabilities(model, recipe.heads)
    halves = [weights.astype(np.float16).astype(np.float32) for weights in network.get_weights()]
    network.set_weights(halves)
    return network, temperatures[0], sure_from


def export(
    name: str, data: Path, run: Path, folder: Path = MODELS, *, force: bool = False
) -> Figures:
    """Export one network and return its figures.

    Raises `SystemExit` with the figures that would get worse, and leaves the folder as it was.
    """
    recipe = RECIPES[name]
    _, validation = recipe.load(data)
    network, temperature, sure_from = served(run, recipe, validation)
    with tempfile.TemporaryDirectory() as scratch:
        built = Path(scratch)
        if (folder / "manifest.json").exists():
            shutil.copytree(folder, built, dirs_exist_ok=True)
        old = Manifest(name="semblance", version=_VERSION, networks={}, folder=built)
        if (built / "manifest.json").exists():
            old = Manifest.load(built)
        config = TrainConfig.from_dict(_config(run))
        files = _write(network, clean_input(_sample(validation), config.crop), built / name)
        entry = Network(
            file=f"{name}.onnx",
            sha256={file.name: sha256_of(file) for file in files},
            labels=recipe.labels,
            crop=config.crop,
            sure_from=sure_from,
            temperature=round(temperature, 4),
            config=_config(run),
            data={pack: sha256_of(data / pack) for pack in recipe.packs},
        )
        replace(old, version=_VERSION, networks={**old.networks, name: entry}).save()
        figures = publish(name, data, built, history.training_of(run) or None)
        before = old.networks.get(name)
        worse = better(figures, before.metrics, name) if before else []
        if worse and not force:
            raise SystemExit(
                f"{folder} holds a better {name} network: {'; '.join(worse)}. "
                "Nothing was replaced; --force replaces it."
            )
        shutil.copytree(built, folder, dirs_exist_ok=True)
    return figures


def _config(run: Path) -> dict[str, Any]:
    return dict(json.loads((run / "config.json").read_text(encoding="utf-8")))


def _sample(faces: Faces) -> NDArray[np.uint8]:
    return faces.images[np.random.default_rng(0).permutation(len(faces))[:_INT8_FACES]]


def _write(network: keras.Model, faces: NDArray[np.float32], stem: Path) -> list[Path]:
    """The network's `.keras`, `.onnx` and `.int8.onnx`; `faces` calibrate the last of them."""
    files = [stem.with_name(stem.name + ending) for ending in (".keras", ".onnx", ".int8.onnx")]
    network(np.zeros((1, *network.input_shape[1:]), np.float32))  # export needs one call before it
    network.save(files[0])
    network.export(files[1], format="onnx", verbose=False)
    quantise(files[1], files[2], faces)
    excess = files[2].stat().st_size - _INT8_MAX_BYTES
    if excess > 0:
        thinner = stem.with_name(stem.name + ".pruned.onnx")
        prune(files[1], thinner, faces, excess)  # a parameter is a byte there, and a little more
        quantise(thinner, files[2], faces)
        thinner.unlink()
    store_half(files[1])
    return files


def main(argv: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=sorted(RECIPES))
    parser.add_argument("--data", type=Path, required=True, help="folder of the data packs")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="where training wrote")
    parser.add_argument("--run", help="name of the run (default: the network's name)")
    parser.add_argument("--force", action="store_true", help="replace a better network too")
    arguments = parser.parse_args(argv)
    run = arguments.runs / (arguments.run or arguments.name)
    with one_sentence():
        figures = export(arguments.name, arguments.data, run, force=arguments.force)
    for key, value in figures.items():
        if isinstance(value, float):
            print(f"{key:40} {value:.4f}")


if __name__ == "__main__":
    main()
