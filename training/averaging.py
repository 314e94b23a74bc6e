"""What goes on beside the gradient steps: averaged weights, the log, the stop at a bad loss."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import keras
import numpy as np
from numpy.typing import NDArray

from training.config import RunConfig

_AVERAGE_EVERY = 4  # steps; one takes 4 ms, a step of the optimiser some 200


class NotANumber(RuntimeError):
    """The loss is no number any more; says at which step and learning rate."""


class EpochBatches(Protocol):
    """Batches whose pictures depend on the epoch's number."""

    epoch: int

    def __len__(self) -> int:
        """Batches an epoch."""


class Averaged(keras.callbacks.Callback):  # type: ignore[misc]
    """Keeps the running average of all weights, judges it after each epoch, and stores it.

    Also what a log of a long run needs: one line an epoch, and a stop at the first loss that is
    no number. `judge` and, before each epoch, `prepare` get the network with the averaged weights.
    """

    def __init__(
        self,
        config: RunConfig,
        batches: EpochBatches,
        folder: Path,
        *,
        judge: Callable[[keras.Model], Mapping[str, float]],
        prepare: Callable[[keras.Model], None] | None = None,
    ) -> None:
        super().__init__()
        self.config, self.batches, self.folder = config, batches, folder
        self._judge, self._prepare = judge, prepare
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
        if self._prepare:
            with self._averaged():
                self._prepare(self.model)

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
        with self._averaged():
            scores = self._judge(self.model)
            self.model.save(self.folder / "average.keras", include_optimizer=False)
        np.savez(self._stored(epoch + 1), *self.mean)
        self._stored(epoch - 1).unlink(missing_ok=True)
        line = {
            "epoch": epoch + 1,
            "loss": round((logs or {}).get("loss", math.nan), 4),
            **{f"val_{name}": round(score, 4) for name, score in scores.items()},
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

    @contextmanager
    def _averaged(self) -> Iterator[None]:
        """The network with the averaged weights, for a while."""
        now = self.model.get_weights()
        self.model.set_weights(self.mean)
        try:
            yield
        finally:
            self.model.set_weights(now)
