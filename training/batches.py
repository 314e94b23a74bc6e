"""Training pictures as the network gets them: shuffled, augmented, a batch at a time."""

from __future__ import annotations

import cv2
import keras
import numpy as np
from numpy.typing import NDArray

from training.config import TrainConfig
from training.datasets import Faces
from utils.preprocessor import CropSpec, resize_square, to_input

Targets = dict[str, NDArray[np.float32]]


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
        batch = to_input(images, config.crop)
        targets = {head: self.faces.targets[head][rows] for head in config.heads}
        if config.mixup:
            share = np.float32(rng.beta(config.mixup, config.mixup))
            batch = share * batch + (1 - share) * batch[::-1]
            targets = {head: share * t + (1 - share) * t[::-1] for head, t in targets.items()}
        return batch, targets, dict.fromkeys(targets, self.weights[rows])


def clean_input(images: NDArray[np.uint8], crop: CropSpec) -> NDArray[np.float32]:
    """Pictures as a network reads them in serving: resized, not augmented."""
    return to_input([resize_square(image, crop) for image in images], crop)
