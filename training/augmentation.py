"""Seeded changes to training pictures that do not change what a person would say of them."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """How far each change may go, and how often the rarer ones happen (shares of 1).

    Place and scale vary more than the detector's own box does (`python -m training.framing`).
    """

    shift: float = 0.08  # share of the side
    scale: float = 0.2
    rotate_deg: float = 15.0
    contrast: float = 0.3
    brightness: float = 30.0  # gray levels of 255
    gray_share: float = 0.0  # RGB pictures that lose their colour
    blur_share: float = 0.25  # Gaussian, sigma up to 1.8 px of the result
    small_share: float = 0.2  # shrunk to 20 px or more, and enlarged again
    jpeg_share: float = 0.1  # coded at a quality of 15 to 60
    erase_share: float = 0.15  # a rectangle of one gray level

    def apply(self, images: Image, rng: np.random.Generator, size_px: int) -> Image:
        """Changed copies (n, size, size[, 3]) of square uint8 pictures (n, s, s[, 3])."""
        return np.stack([self._one(image, rng, size_px) for image in images])

    def _one(self, image: Image, rng: np.random.Generator, size_px: int) -> Image:
        out = cv2.warpAffine(
            image,
            self._matrix(image.shape[0], size_px, rng),
            (size_px, size_px),
            borderMode=cv2.BORDER_REPLICATE,
        )
        if out.ndim == 3 and rng.random() < self.gray_share:
            out = cv2.cvtColor(cv2.cvtColor(out, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
        if rng.random() < self.blur_share:
            out = cv2.GaussianBlur(out, (0, 0), rng.uniform(0.4, 1.8))
        if rng.random() < self.small_share:
            small = int(rng.integers(min(20, size_px - 1), size_px))
            out = cv2.resize(out, (small, small), interpolation=cv2.INTER_AREA)
            out = cv2.resize(out, (size_px, size_px), interpolation=cv2.INTER_LINEAR)
        out = self._relit(out, rng)
        if rng.random() < self.jpeg_share:
            quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(15, 60))]
            out = cv2.imdecode(cv2.imencode(".jpg", out, quality)[1], cv2.IMREAD_UNCHANGED)
        if rng.random() < self.erase_share:
            height, width = (rng.uniform(0.15, 0.4, 2) * size_px).astype(int)
            top, left = rng.integers(0, size_px - height), rng.integers(0, size_px - width)
            out[top : top + height, left : left + width] = rng.integers(0, 256)
        return np.asarray(out, np.uint8)

    def _matrix(self, side: int, size_px: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Turned, scaled, moved and perhaps mirrored, from `side` pixels to `size_px`."""
        grow = size_px / side
        matrix = cv2.getRotationMatrix2D(
            ((side - 1) / 2, (side - 1) / 2),
            rng.uniform(-self.rotate_deg, self.rotate_deg),
            grow * (1 + rng.uniform(-self.scale, self.scale)),
        )
        matrix[:, 2] += (size_px - side) / 2 + rng.uniform(-self.shift, self.shift, 2) * size_px
        if rng.random() < 0.5:
            matrix[0] = -matrix[0]
            matrix[0, 2] += size_px - 1
        return np.asarray(matrix, np.float64)

    def _relit(self, image: Image, rng: np.random.Generator) -> Image:
        gain = 1 + rng.uniform(-self.contrast, self.contrast)
        offset = rng.uniform(-self.brightness, self.brightness) + 128 * (1 - gain)
        levels = np.clip(np.arange(256) * gain + offset, 0, 255).astype(np.uint8)
        return np.asarray(cv2.LUT(image, levels), np.uint8)
