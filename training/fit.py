"""The training loop that both classifiers share: seeded, resumable, on any Keras backend."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from training.architectures import mini_resnet
from training.augmentation import Augmentation
from training.datasets import Faces
from utils.preprocessor import CropSpec, to_input


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """Everything a run depends on; stored in the manifest beside the weights it led to."""

    name: str
    crop: CropSpec
    epochs: int
    batch: int = 64
    learning_rate: float = 2e-3
    weight_decay: float = 1e-4
    warmup_epochs: float = 1.0
    label_smoothing: float = 0.0
    balance: float = 0.0  # 0: as the data are; 1: every class weighs the same
    dropout: float = 0.3
    stem: int = 16
    stem_stride: int = 1
    widths: tuple[int, ...] = (48, 96, 144)
    precision: str = "float32"
    seed: int = 20
    augmentation: Augmentation = field(default_factory=Augmentation)

    def as_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        return asdict(self)


class Batches(keras.utils.PyDataset):  # type: ignore[misc]
    """Shuffled, augmented batches; what epoch e, batch i holds depends on the seed alone."""

    def __init__(self, faces: Faces, config: TrainConfig) -> None:
        super().__init__()
        self.faces, self.config, self.epoch = faces, config, 0
        self.weights = class_weights(faces.targets, config.balance)

    def __len__(self) -> int:
        return len(self.faces) // self.config.batch

    def __getitem__(
        self, i: int
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        config = self.config
        order = np.random.default_rng((config.seed, self.epoch)).permutation(len(self.faces))
        rows = order[i * config.batch : (i + 1) * config.batch]
        rng = np.random.default_rng((config.seed, self.epoch, i))
        images = config.augmentation.apply(self.faces.images[rows], rng)
        return to_input(images, config.crop), self.faces.targets[rows], self.weights[rows]


class _Epoch(keras.callbacks.Callback):  # type: ignore[misc]
    """Tells the batches their epoch, so that a resumed run has the order it would have had."""

    def __init__(self, batches: Batches) -> None:
        super().__init__()
        self.batches = batches

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:  # noqa: ARG002
        self.batches.epoch = epoch


def class_weights(targets: NDArray[np.float32], balance: float) -> NDArray[np.float32]:
    """One weight a picture, (n,), mean 1: its class's frequency to the power of -balance."""
    class_ids = targets.argmax(1)
    counts = np.maximum(np.bincount(class_ids, minlength=targets.shape[1]), 1)
    weights = (counts.astype(np.float64) ** -balance)[class_ids]
    return np.asarray(weights / weights.mean(), np.float32)


def build(config: TrainConfig, classes: int) -> keras.Model:
    """The untrained network of a configuration."""
    return mini_resnet(
        size_px=config.crop.size_px,
        channels=1 if config.crop.color == "gray" else 3,
        classes=classes,
        stem=config.stem,
        stem_stride=config.stem_stride,
        widths=config.widths,
        dropout=config.dropout,
    )


def train(config: TrainConfig, training: Faces, validation: Faces, runs: Path) -> Path:
    """Train or go on training; the best epoch's network lies at the returned `.keras` path."""
    keras.utils.set_random_seed(config.seed)
    keras.mixed_precision.set_global_policy(config.precision)
    folder = runs / config.name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config.as_dict(), indent=2) + "\n")
    batches = Batches(training, config)
    model = build(config, training.targets.shape[1])
    print(f"{config.name}: {model.count_params():,} parameters, {len(training):,} pictures")
    steps = len(batches) * config.epochs
    warmup = min(round(len(batches) * config.warmup_epochs), steps // 2)
    rate = keras.optimizers.schedules.CosineDecay(
        config.learning_rate / 50,
        steps - warmup,
        warmup_target=config.learning_rate,
        warmup_steps=warmup,
    )
    model.compile(
        optimizer=keras.optimizers.AdamW(rate, weight_decay=config.weight_decay),
        loss=keras.losses.CategoricalCrossentropy(
            from_logits=True, label_smoothing=config.label_smoothing
        ),
        metrics=[keras.metrics.CategoricalAccuracy(name="accuracy")],
        # XLA on a processor trains these networks several times slower.
        jit_compile=False,
    )
    best = folder / "best.keras"
    model.fit(
        batches,
        epochs=config.epochs,
        validation_data=(to_input(validation.images, config.crop), validation.targets),
        validation_batch_size=512,
        callbacks=[
            _Epoch(batches),
            keras.callbacks.ModelCheckpoint(
                best, monitor="val_accuracy", mode="max", save_best_only=True
            ),
            keras.callbacks.CSVLogger(str(folder / "log.csv"), append=True),
            keras.callbacks.BackupAndRestore(str(folder / "resume"), delete_checkpoint=False),
        ],
        verbose=2,
    )
    return best


def command(
    doc: str | None,
    default: TrainConfig,
    load: Callable[[Path], tuple[Faces, Faces]],
    argv: list[str] | None = None,
) -> None:
    """The command line of a training script."""
    parser = argparse.ArgumentParser(description=doc)
    parser.add_argument("--data", type=Path, required=True, help="folder of the data packs")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="checkpoints and logs")
    parser.add_argument("--epochs", type=int, default=default.epochs)
    parser.add_argument("--name", default=default.name, help="of the run; the same name resumes it")
    parser.add_argument("--precision", default=default.precision, help="e.g. mixed_bfloat16")
    arguments = parser.parse_args(argv)
    config = replace(
        default, epochs=arguments.epochs, name=arguments.name, precision=arguments.precision
    )
    training, validation = load(arguments.data)
    print(f"best epoch: {train(config, training, validation, arguments.runs)}")
