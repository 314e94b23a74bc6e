"""What goes on beside the gradient steps: averaged weights, the log, the weights of groups."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from training.batches import Batches, clean_input
from training.config import TrainConfig
from training.datasets import Faces

_AVERAGE_EVERY = 4  # steps; one takes 4 ms, a step of the optimiser some 200


class NotANumber(RuntimeError):
    """The loss is no number any more; says at which step and learning rate."""


class Averaged(keras.callbacks.Callback):  # type: ignore[misc]
    """Keeps the running average of all weights, judges it after each epoch, and stores it.

    Also what a log of a long run needs: one line an epoch, and a stop at the first loss that is
    no number.
    """

    def __init__(
        self, config: TrainConfig, batches: Batches, validation: Faces, folder: Path
    ) -> None:
        super().__init__()
        self.config, self.batches, self.folder = config, batches, folder
        self.images = clean_input(validation.images, config.crop)
        self.targets = validation.targets
        self.mean: list[NDArray[np.float32]] = []
        self.steps, self.start = 0, 0.0

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:  # noqa: ARG002
        """Begin the epoch's batches; pick up the average where an earlier process left it."""
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
            self._forget_after(epoch)
        self._seed_dropout()
        if self.config.group_robustness:
            self._weigh_groups()

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Take the weights into the average. Raises `NotANumber`."""
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
        now = self.model.get_weights()
        self.mean = [keep * m + (1 - keep) * n for m, n in zip(self.mean, now, strict=True)]

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Judge the average on the validation pictures, store it, and say so in one line."""
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

    def _forget_after(self, epoch: int) -> None:
        """Take back the lines of epochs that were logged but not kept when the process died."""
        log = self.folder / "log.jsonl"
        lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
        kept = [f"{line}\n" for line in lines if json.loads(line)["epoch"] <= epoch]
        log.write_text("".join(kept), encoding="utf-8")

    def _seed_dropout(self) -> None:
        """Draw as an uninterrupted run would: Keras does not keep its generators' state."""
        for layer in self.model.layers:
            generator = getattr(layer, "seed_generator", None)
            if generator is not None:
                generator.state.assign(np.array([self.config.seed, self.steps], np.uint32))

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
        batch = clean_input(faces.images[rows], self.config.crop)
        logits = self.model.predict(batch, batch_size=256, verbose=0)[head]
        self.model.set_weights(now)
        wrong = logits.argmax(1) != faces.targets[head][rows].argmax(1)
        # A network that still guesses would only be driven from one answer to the other.
        self.batches.weights = (
            group_weights(wrong, faces.group[rows], faces.group, self.config.group_robustness)
            if wrong.mean() < 0.25
            else np.ones(len(faces), np.float32)
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
