"""The training loop that all networks share: seeded, resumable, on any Keras backend.

The learning rate warms up, stays, and falls in a line over the last epochs (arXiv 2405.18392):
what has been learned before the fall can be trained on later (`--start-from`), which a cosine
does not allow. What is kept is the running average of the weights (EMA), not their last state.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras

from training.architectures import copy_trunk, layer_weights, mini_resnet
from training.averaging import Averaged, EpochBatches
from training.batches import Batches, clean_input
from training.config import RunConfig, TrainConfig
from training.datasets import Faces
from training.groups import weigh
from training.optimizer import ConvMuon


class Schedule(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
    """Up in a line, level, down in a line to zero."""

    def __init__(self, peak: float, warmup: int, fall_from: int, steps: int) -> None:
        self.peak, self.warmup, self.fall_from, self.steps = peak, warmup, fall_from, steps

    def __call__(self, step: keras.KerasTensor) -> keras.KerasTensor:
        """The rate at a step."""
        step = keras.ops.cast(step, "float32")
        up = (step + 1) / self.warmup
        down = (self.steps - step) / max(1, self.steps - self.fall_from)
        return self.peak * keras.ops.clip(keras.ops.minimum(up, down), 0.0, 1.0)

    def get_config(self) -> dict[str, float]:
        """The constructor's arguments, which saving a model asks for."""
        return dict(vars(self))


def build(config: TrainConfig, *, normalise: bool = True) -> keras.Model:
    """The untrained network of a configuration."""
    return mini_resnet(
        size_px=config.crop.size_px,
        channels=1 if config.crop.color == "gray" else 3,
        heads={name: head.classes for name, head in config.heads.items()},
        stem=config.stem,
        blocks=config.blocks,
        dropout=config.dropout,
        normalise=normalise,
    )


def train(config: TrainConfig, training: Faces, validation: Faces, runs: Path) -> Path:
    """Train a classifier, or go on; the averaged network lies at the returned `.keras` path.

    Raises `NotANumber` where the loss diverges.
    """
    batches = Batches(training, config)
    images = clean_input(validation.images, config.crop)

    def judge(model: keras.Model) -> dict[str, float]:
        logits = model.predict(images, batch_size=256, verbose=0)
        return {
            head: float((logits[head].argmax(1) == target.argmax(1)).mean())
            for head, target in validation.targets.items()
        }

    return fit(
        config,
        lambda: build(config),
        batches,
        runs,
        judge=judge,
        prepare=(lambda model: weigh(model, batches)) if config.group_robustness else None,
        loss={
            name: keras.losses.CategoricalCrossentropy(
                from_logits=True, label_smoothing=head.label_smoothing
            )
            for name, head in config.heads.items()
        },
        loss_weights={name: head.weight for name, head in config.heads.items()},
    )


def fit(
    config: RunConfig,
    network: Callable[[], keras.Model],
    batches: EpochBatches,
    runs: Path,
    *,
    judge: Callable[[keras.Model], Mapping[str, float]],
    prepare: Callable[[keras.Model], None] | None = None,
    **objective: Any,
) -> Path:
    """Train what `network` builds, or go on; `objective` is what `compile` is told of the loss.

    Returns the path of the averaged network. Raises `NotANumber` where the loss diverges.
    """
    keras.utils.set_random_seed(config.seed)
    keras.mixed_precision.set_global_policy(config.precision)
    folder = runs / config.name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config.as_dict(), indent=2) + "\n")
    model = network()
    print(f"{config.name}: {model.count_params():,} parameters, {len(batches):,} steps an epoch")
    if config.start_from:
        copied = copy_trunk(layer_weights(config.start_from), model)
        print(f"{copied} layers from {config.start_from}")
    steps = len(batches) * config.epochs
    schedule = Schedule(
        config.learning_rate,
        warmup=min(2 * len(batches), max(1, steps // 4)),
        fall_from=len(batches) * (config.epochs - config.decay_epochs),
        steps=steps,
    )
    optimizer = ConvMuon(schedule, weight_decay=config.weight_decay, adam_weight_decay=None)
    # XLA on a processor trains these networks several times slower.
    model.compile(optimizer=optimizer, jit_compile=False, **objective)
    model.fit(
        batches,
        epochs=config.epochs,
        # The batches are shuffled already, by the epoch's number alone: an interrupted run goes on
        # with those that would have come.
        shuffle=False,
        callbacks=[
            Averaged(config, batches, folder, judge=judge, prepare=prepare),
            # Two checkpoints: a process that dies while it writes one leaves the other.
            keras.callbacks.BackupAndRestore(
                str(folder / "resume"), double_checkpoint=True, delete_checkpoint=False
            ),
        ],
        verbose=0,
    )
    return folder / "average.keras"
