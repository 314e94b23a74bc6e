"""Masks, dark glasses and hats, drawn over faces whose landmarks are known."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from training.detection.labels import Labels

Image = NDArray[np.uint8]
_MIN_EYE_DISTANCE_PX = 4.0


def drawn(image: Image, labels: Labels, rng: np.random.Generator) -> Image:
    """The picture (h, w, 3) with something worn by each of its known faces."""
    out = image.copy()
    for landmarks in labels.landmarks:
        if np.isfinite(landmarks).all() and rng.random() < 0.7:
            left, right = landmarks[0], landmarks[1]
            if np.hypot(*(right - left)) >= _MIN_EYE_DISTANCE_PX:
                _WORN[rng.integers(len(_WORN))](out, landmarks, rng)
    return out


def _mask(image: Image, points: NDArray[np.float32], rng: np.random.Generator) -> None:
    """From the nose's bridge to below the chin."""
    across, down = _axes(points)
    nose, mouth = points[2], (points[3] + points[4]) / 2
    wide, chin = rng.uniform(0.85, 1.1), mouth + down * rng.uniform(0.6, 0.9)
    top = nose - down * rng.uniform(0.0, 0.35)
    outline = [
        top,
        top + across * wide + down * 0.15,
        mouth + across * wide * 0.85,
        chin + across * 0.45,
        chin - across * 0.45,
        mouth - across * wide * 0.85,
        top - across * wide + down * 0.15,
    ]
    _fill(image, outline, _color(rng))


def _glasses(image: Image, points: NDArray[np.float32], rng: np.random.Generator) -> None:
    across, down = _axes(points)
    color = tuple(int(value) for value in rng.integers(0, 60, 3))
    height = rng.uniform(0.25, 0.4)
    for eye in points[:2]:
        _fill(
            image,
            [
                eye - across * 0.42 - down * height,
                eye + across * 0.42 - down * height,
                eye + across * 0.36 + down * height,
                eye - across * 0.36 + down * height,
            ],
            color,
        )
    thick = max(1, int(np.hypot(*across) * 0.08))
    start, end = (
        tuple(int(v) for v in p) for p in (points[0] - across * 0.6, points[1] + across * 0.6)
    )
    cv2.line(image, start, end, color, thick)


def _hat(image: Image, points: NDArray[np.float32], rng: np.random.Generator) -> None:
    """A brim above the brows, with a crown."""
    across, down = _axes(points)
    brow = (points[0] + points[1]) / 2 - down * rng.uniform(0.45, 0.7)
    wide, high = rng.uniform(1.1, 1.6), rng.uniform(0.6, 1.3)
    color = _color(rng)
    _fill(
        image,
        [
            brow - across * wide,
            brow + across * wide,
            brow + across * wide * 0.8 - down * high,
            brow - across * wide * 0.8 - down * high,
        ],
        color,
    )


def _axes(points: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """From eye to eye, and from the eyes to the mouth."""
    across = points[1] - points[0]
    down = (points[3] + points[4]) / 2 - (points[0] + points[1]) / 2
    return across, down


def _color(rng: np.random.Generator) -> tuple[int, ...]:
    """White, black, surgical blue or any."""
    base = ((235, 235, 235), (30, 30, 30), (150, 190, 220), tuple(rng.integers(0, 256, 3)))
    chosen = np.array(base[rng.integers(len(base))]) + rng.integers(-20, 21, 3)
    return tuple(int(value) for value in np.clip(chosen, 0, 255))


def _fill(image: Image, outline: list[NDArray[np.float32]], color: tuple[int, ...]) -> None:
    cv2.fillConvexPoly(image, np.round(outline).astype(np.int32), color, cv2.LINE_AA)


_WORN = (_mask, _mask, _glasses, _hat)
