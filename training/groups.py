"""Groups that a network gets wrong more often count more (arXiv 1911.08731, simplified)."""

from __future__ import annotations

import keras
import numpy as np
from numpy.typing import NDArray

from training.batches import Batches, clean_input

_LOOKED_AT = 6000  # training pictures


def weigh(model: keras.Model, batches: Batches) -> None:
    """Give each training picture the weight of its group, by the errors of `model`.

    Error rates come from a sample of the training pictures, not from any split on which
    decisions are made.
    """
    config, faces = batches.config, batches.faces
    head = next(iter(config.heads))
    rng = np.random.default_rng((config.seed, batches.epoch, 1))
    rows = rng.choice(len(faces), min(_LOOKED_AT, len(faces)), replace=False)
    batch = clean_input(faces.images[rows], config.crop)
    logits = model.predict(batch, batch_size=256, verbose=0)[head]
    wrong = logits.argmax(1) != faces.targets[head][rows].argmax(1)
    # A network that still guesses would only be driven from one answer to the other.
    batches.weights = (
        group_weights(wrong, faces.group[rows], faces.group, config.group_robustness)
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
