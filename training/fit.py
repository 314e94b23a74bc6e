"""The training loop that both classifiers share: seeded, resumable, on any Keras backend.

The learning rate warms up, stays, and falls in a line over the last epochs (arXiv 2405.18392):
what has been learned before the fall can be trained on later (`--start-from`), which a cosine
does not allow. What is kept is the running average of the weights (EMA), not their last state.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import cv2
import keras
import numpy as np
from numpy.typing import NDArray

from training.architectures import copy_trunk, mini_resnet
from training.augmentation import Augmentation
from training.datasets import Faces
from training.optimizer import ConvMuon
from utils.preprocessor import CropSpec, resize_square, to_input

_AVERAGE_EVERY = 4  # steps; reading all weights at each of them costs a twentieth of the time
Targets = dict[str, NDArray[np.float32]]


@dataclass(frozen=True, kw_only=True)
class Head:
    """One question asked of a face: its classes, and how much its loss counts."""

    classes: int
    weight: float = 1.0
    label_smoothing: float = 0.0


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """Everything a run depends on; stored in the manifest beside the weights it led to.

    The first head is the one that is served and watched.
    """

    name: str
    crop: CropSpec
    heads: Mapping[str, Head]
    epochs: int
    decay_epochs: int
    batch: int = 128
    learning_rate: float = 0.02
    weight_decay: float = 0.01
    average: float = 0.998
    group_robustness: float = 0.0  # 0: every picture counts alike
    dropout: float = 0.2
    stem: int = 32
    blocks: tuple[tuple[int, int], ...] = ((32, 1), (80, 2), (160, 2), (160, 1))
    start_from: str = ""
    precision: str = "float32"
    seed: int = 20
    augmentation: Augmentation = field(default_factory=Augmentation)

    def as_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        return asdict(self)


class NotANumber(RuntimeError):
    """The loss is no number any more; says at which step and learning rate."""


class Batches(keras.utils.PyDataset):  # type: ignore[misc]
    """Shuffled, augmented batches; what epoch e, batch i holds depends on the seed alone."""

    def __init__(self, faces: Faces, config: TrainConfig) -> None:
        super().__init__(workers=2, max_queue_size=8)
        cv2.setNumThreads(1)  # its own threads cost more than they save on pictures this small
        self.faces, self.config, self.epoch = faces, config, 0
        self.weights = np.ones(len(faces), np.float32)

    def __len__(self) -> int:
        return len(self.faces) // self.config.batch

    def __getitem__(self, i: int) -> tuple[NDArray[np.float32], Targets, Targets]:
        config = self.config
        order = np.random.default_rng((config.seed, self.epoch)).permutation(len(self.faces))
        rows = order[i * config.batch : (i + 1) * config.batch]
        rng = np.random.default_rng((config.seed, self.epoch, i))
        images = config.augmentation.apply(self.faces.images[rows], rng, config.crop.size_px)
        targets = {head: values[rows] for head, values in self.faces.targets.items()}
        return to_input(images, config.crop), targets, dict.fromkeys(targets, self.weights[rows])


class Schedule(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
    """Up in a line, level, down in a line to zero."""

    def __init__(self, peak: float, warmup: int, fall_from: int, steps: int) -> None:
        self.peak, self.warmup, self.fall_from, self.steps = peak, warmup, fall_from, steps

    def __call__(self, step: keras.KerasTensor) -> keras.KerasTensor:
        step = keras.ops.cast(step, "float32")
        up = (step + 1) / self.warmup
        down = (self.steps - step) / max(1, self.steps - self.fall_from)
        return self.peak * keras.ops.clip(keras.ops.minimum(up, down), 0.0, 1.0)

    def get_config(self) -> dict[str, float]:
        return dict(vars(self))


class _Averaged(keras.callbacks.Callback):  # type: ignore[misc]
    """Keeps the running average of all weights, judges it after each epoch, and stores it.

    Also what a log of a long run needs: one line an epoch, and a stop at the first loss that is
    no number.
    """

    def __init__(
        self, config: TrainConfig, batches: Batches, validation: Faces, folder: Path
    ) -> None:
        super().__init__()
        self.config, self.batches, self.folder = config, batches, folder
        self.images = validation_input(validation, config)
        self.targets = validation.targets
        self.mean: list[NDArray[np.float32]] = []
        self.steps, self.start = 0, 0.0

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:  # noqa: ARG002
        self.batches.epoch = epoch
        self.start = time.monotonic()
        if not self.mean:
            stored = self._stored(epoch)
            if epoch and stored.exists():
                with np.load(stored) as arrays:
                    self.mean = [arrays[name] for name in arrays.files]
            else:
                self.mean = [weights.copy() for weights in self.model.get_weights()]
            self.steps = epoch * len(self.batches)
        if self.config.group_robustness:
            self._weigh_groups()

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        loss = (logs or {}).get("loss", 0.0)
        if not math.isfinite(loss):
            raise NotANumber(
                f"{self.config.name}: the loss is {loss} at epoch {self.batches.epoch + 1}, step "
                f"{batch + 1}, learning rate {float(self.model.optimizer.learning_rate):.3g}; "
                "start again with a smaller --learning-rate"
            )
        self.steps += 1
        if self.steps % _AVERAGE_EVERY:
            return
        # A short memory at first, so that the start of the training is soon forgotten.
        keep = min(self.config.average**_AVERAGE_EVERY, self.steps / (self.steps + 40))
        for mean, now in zip(self.mean, self.model.get_weights(), strict=True):
            mean *= keep
            mean += (1 - keep) * now

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        now = self.model.get_weights()
        self.model.set_weights(self.mean)
        logits = self.model.predict(self.images, batch_size=256, verbose=0)
        self.model.save(self.folder / "average.keras", include_optimizer=False)
        self.model.set_weights(now)
        np.savez(self._stored(epoch + 1), *self.mean)
        self._stored(epoch - 1).unlink(missing_ok=True)
        scores = {
            head: float((logits[head].argmax(1) == target.argmax(1)).mean())
            for head, target in self.targets.items()
        }
        line = {
            "epoch": epoch + 1,
            "loss": round((logs or {}).get("loss", math.nan), 4),
            **{f"val_{head}": round(score, 4) for head, score in scores.items()},
            "seconds": round(time.monotonic() - self.start, 1),
        }
        print(" ".join(f"{key}={value}" for key, value in line.items()), flush=True)
        with (self.folder / "log.jsonl").open("a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")

    def _stored(self, epoch: int) -> Path:
        return self.folder / f"average-{epoch}.npz"

    def _weigh_groups(self) -> None:
        """Groups that the average gets wrong more often count more (arXiv 1911.08731, simplified).

        Error rates come from a sample of the training pictures, not from any split on which
        decisions are made.
        """
        head, faces = next(iter(self.config.heads)), self.batches.faces
        rng = np.random.default_rng((self.config.seed, self.batches.epoch, 1))
        rows = rng.choice(len(faces), min(6000, len(faces)), replace=False)
        now = self.model.get_weights()
        self.model.set_weights(self.mean)
        sample = Faces(faces.images[rows], {}, faces.group[rows])
        logits = self.model.predict(
            validation_input(sample, self.config), batch_size=256, verbose=0
        )[head]
        self.model.set_weights(now)
        wrong = logits.argmax(1) != faces.targets[head][rows].argmax(1)
        # A network that still guesses would only be driven from one answer to the other.
        if wrong.mean() < 0.25:
            self.batches.weights = group_weights(
                wrong, sample.group, faces.group, self.config.group_robustness
            )


def group_weights(
    wrong: NDArray[np.bool_],
    sample_group: NDArray[np.integer],
    group: NDArray[np.integer],
    strength: float,
) -> NDArray[np.float32]:
    """One weight a picture, (n,), mean 1, between a half and twice: (error / mean) ** strength."""
    rates = np.array(
        [
            # Ten pictures at the mean rate keep a small group from swinging.
            (wrong[sample_group == g].sum() + 10 * wrong.mean()) / ((sample_group == g).sum() + 10)
            for g in range(int(group.max()) + 1)
        ]
    )
    factor = np.clip((rates / max(float(wrong.mean()), 1e-6)) ** strength, 0.5, 2.0)
    weights = factor[group]
    return np.asarray(weights / weights.mean(), np.float32)


def validation_input(faces: Faces, config: TrainConfig) -> NDArray[np.float32]:
    """Pictures as the network reads them in serving: resized, not augmented."""
    return to_input([resize_square(image, config.crop) for image in faces.images], config.crop)


def build(config: TrainConfig) -> keras.Model:
    """The untrained network of a configuration."""
    return mini_resnet(
        size_px=config.crop.size_px,
        channels=1 if config.crop.color == "gray" else 3,
        heads={name: head.classes for name, head in config.heads.items()},
        stem=config.stem,
        blocks=config.blocks,
        dropout=config.dropout,
    )


def train(config: TrainConfig, training: Faces, validation: Faces, runs: Path) -> Path:
    """Train or go on training; the averaged network lies at the returned `.keras` path.

    Raises `NotANumber` where the loss diverges.
    """
    keras.utils.set_random_seed(config.seed)
    keras.mixed_precision.set_global_policy(config.precision)
    folder = runs / config.name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config.as_dict(), indent=2) + "\n")
    batches = Batches(training, config)
    model = build(config)
    print(f"{config.name}: {model.count_params():,} parameters, {len(training):,} pictures")
    if config.start_from:
        source = keras.saving.load_model(config.start_from, compile=False)
        print(f"{copy_trunk(source, model)} layers from {config.start_from}")
    steps = len(batches) * config.epochs
    schedule = Schedule(
        config.learning_rate,
        warmup=min(2 * len(batches), max(1, steps // 4)),
        fall_from=len(batches) * (config.epochs - config.decay_epochs),
        steps=steps,
    )
    optimizer = ConvMuon(schedule, weight_decay=config.weight_decay, adam_weight_decay=None)
    model.compile(
        optimizer=optimizer,
        loss={
            name: keras.losses.CategoricalCrossentropy(
                from_logits=True, label_smoothing=head.label_smoothing
            )
            for name, head in config.heads.items()
        },
        loss_weights={name: head.weight for name, head in config.heads.items()},
        # XLA on a processor trains these networks several times slower.
        jit_compile=False,
    )
    model.fit(
        batches,
        epochs=config.epochs,
        callbacks=[
            _Averaged(config, batches, validation, folder),
            keras.callbacks.BackupAndRestore(str(folder / "resume"), delete_checkpoint=False),
        ],
        verbose=0,
    )
    return folder / "average.keras"


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
    parser.add_argument("--name", default=default.name, help="of the run; the same name resumes it")
    parser.add_argument("--epochs", type=int, default=default.epochs)
    parser.add_argument(
        "--decay-epochs",
        type=int,
        default=default.decay_epochs,
        help="of them, while the rate falls",
    )
    parser.add_argument(
        "--size-px", type=int, default=default.crop.size_px, help="a smaller one to begin with"
    )
    parser.add_argument("--learning-rate", type=float, default=default.learning_rate)
    parser.add_argument("--seed", type=int, default=default.seed)
    parser.add_argument(
        "--start-from", default=default.start_from, help="a .keras file whose layers to begin with"
    )
    parser.add_argument("--precision", default=default.precision, help="e.g. mixed_bfloat16")
    arguments = vars(parser.parse_args(argv))
    data, runs = arguments.pop("data"), arguments.pop("runs")
    crop = replace(default.crop, size_px=arguments.pop("size_px"))
    config = replace(default, crop=crop, **arguments)
    training, validation = load(data)
    try:
        print(f"averaged weights: {train(config, training, validation, runs)}")
    except NotANumber as error:
        raise SystemExit(str(error)) from None
