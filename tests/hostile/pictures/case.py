"""A hostile picture: how it is made, and what has to become of it."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image

ANSWERED, BROKEN, TOO_LARGE, NO_IMAGE = (
    "answered",
    "image_broken",
    "image_too_large",
    "not_an_image",
)


@dataclass(frozen=True)
class Case:
    """`make` gives the bytes; `reason` is that of the refusal, where one is expected.

    Of pictures that are damaged in a way on which decoders may differ `expected` is `either`:
    answered or `image_broken`.
    """

    group: str
    name: str
    make: Callable[[], bytes]
    expected: str = BROKEN
    reason: str = ""
    limit_s: float = 10.0


def sample(width: int = 64, height: int = 48, mode: str = "RGB") -> Image.Image:
    """A picture with something in it, so that its encoders have work."""
    y, x = np.mgrid[0:height, 0:width]
    rgb = np.stack([x * 3 % 256, y * 5 % 256, (x * y) % 256], 2).astype(np.uint8)
    return Image.fromarray(rgb).convert(mode)


def encoded(form: str, picture: Image.Image | None = None, **options: object) -> bytes:
    """A picture, or the sample, as the bytes of a file."""
    buffer = io.BytesIO()
    (sample() if picture is None else picture).save(buffer, form, **options)
    return buffer.getvalue()
