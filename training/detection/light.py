"""Light, lens and coding: what happens to a picture between a face and a file."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
_QUALITIES = (15, 60)


def changed(image: Image, rng: np.random.Generator) -> Image:
    """A changed copy of an RGB uint8 picture (h, w, 3)."""
    out = image
    if rng.random() < 0.15:
        out = cv2.cvtColor(cv2.cvtColor(out, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    out = _relit(out, rng)
    if rng.random() < 0.15:
        out = _backlit(out, rng)
    if rng.random() < 0.12:
        small = max(8, int(out.shape[0] * rng.uniform(0.3, 0.8)))
        out = cv2.resize(
            cv2.resize(out, (small, small), interpolation=cv2.INTER_AREA), out.shape[1::-1]
        )
    if rng.random() < 0.12:
        out = cv2.GaussianBlur(out, (0, 0), rng.uniform(0.4, 2.0))
    if rng.random() < 0.1:
        grain = rng.normal(0, rng.uniform(3, 18), out.shape).astype(np.float32)
        out = np.clip(out + grain, 0, 255).astype(np.uint8)
    if rng.random() < 0.2:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(*_QUALITIES))]
        out = np.asarray(cv2.imdecode(cv2.imencode(".jpg", out, quality)[1], cv2.IMREAD_COLOR))
    return np.asarray(out, np.uint8)


def _relit(image: Image, rng: np.random.Generator) -> Image:
    """Gamma, contrast, brightness and a cast of each colour of its own."""
    levels = np.arange(256, dtype=np.float32) / 255
    gamma, gain = np.exp(rng.uniform(-0.6, 0.6)), 1 + rng.uniform(-0.3, 0.3)
    common = (levels**gamma - 0.5) * gain + 0.5 + rng.uniform(-0.12, 0.12)
    cast = rng.uniform(-0.06, 0.06, 3)
    table = np.clip((common[:, None] + cast) * 255, 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(image, table[None]), np.uint8)


def _backlit(image: Image, rng: np.random.Generator) -> Image:
    """A light that falls off to one side, down to a tenth."""
    height, width = image.shape[:2]
    angle, least = rng.uniform(0, 2 * np.pi), rng.uniform(0.1, 0.6)
    ramp = (
        np.cos(angle) * np.linspace(-1, 1, width)[None]
        + np.sin(angle) * np.linspace(-1, 1, height)[:, None]
    )
    factor = least + (1 - least) * np.clip(ramp + 1, 0, 1)
    return np.asarray(image * factor[..., None], np.uint8)
