"""Seeded changes to training pictures that do not change what a person would say of them."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """How far each change may go; the spread of place and scale covers the detector's own."""

    shift: float = 0.10  # share of the side
    scale: float = 0.15
    rotate_deg: float = 15.0
    contrast: float = 0.3
    brightness: float = 30.0  # gray levels of 255
    gray_share: float = 0.0  # share of RGB pictures that lose their colour
    erase_share: float = 0.3

    def apply(self, images: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
        """A changed copy of uint8 pictures (n, s, s) or (n, s, s, 3)."""
        return np.stack([self._one(image, rng) for image in images])

    def _one(self, image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
        side = image.shape[0]
        matrix = cv2.getRotationMatrix2D(
            ((side - 1) / 2, (side - 1) / 2),
            rng.uniform(-self.rotate_deg, self.rotate_deg),
            1 + rng.uniform(-self.scale, self.scale),
        )
        matrix[:, 2] += rng.uniform(-self.shift, self.shift, 2) * side
        if rng.random() < 0.5:
            matrix = matrix @ np.array([[-1, 0, side - 1], [0, 1, 0], [0, 0, 1]], float)
        out = cv2.warpAffine(image, matrix, (side, side), borderMode=cv2.BORDER_REPLICATE)
        if out.ndim == 3 and rng.random() < self.gray_share:
            out = cv2.cvtColor(cv2.cvtColor(out, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
        gain = 1 + rng.uniform(-self.contrast, self.contrast)
        offset = rng.uniform(-self.brightness, self.brightness) + 128 * (1 - gain)
        out = cv2.convertScaleAbs(np.clip(out * gain + offset, 0, 255))
        if rng.random() < self.erase_share:
            height, width = (rng.uniform(0.15, 0.4, 2) * side).astype(int)
            top, left = rng.integers(0, side - height), rng.integers(0, side - width)
            out[top : top + height, left : left + width] = rng.integers(0, 256)
        return np.asarray(out, np.uint8)
