"""What all walks through a file share: what they find, and how they refuse.

A walk reads the bytes that say how a picture is stored, never a pixel. It is pure Python, linear
in the length of the file, and stops at the first number that no honest picture has.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from utils.errors import ImageBroken, ImageTooLarge

Form = Literal["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"]
# Called with width and height as soon as they are known; raises where they are refused.
Fits = Callable[[int, int], None]

# Profiles for printing presses come to 3 MB, those of cameras and screens to some kB.
ICC_MAX_BYTES = 4_000_000
# A JPEG's EXIF is 64 kB at most; other formats know no limit.
EXIF_MAX_BYTES = 1_000_000
# Texts, thumbnails, histories: all that is neither pixels nor colors.
METADATA_MAX_BYTES = 8_000_000
# No encoder of JPEG takes a longer side, and so no annotated one could be made.
SIDE_MAX_PX = 65_500


@dataclass(frozen=True)
class Header:
    """How a picture is stored; `size_wh` before EXIF turns it.

    `ordinary`: a JPEG as cameras and programs write them, in sRGB.
    """

    form: Form
    size_wh: tuple[int, int]
    ordinary: bool = False


def broken(reason: str, log_text: str = "") -> ImageBroken:
    """The error for a header of which `reason` is wrong."""
    return ImageBroken(log_text or f"header: {reason}", reason=reason)


def too_large(reason: str, log_text: str) -> ImageTooLarge:
    """The error for what would take too much to read."""
    return ImageTooLarge(log_text, reason=reason)


class Ancillary:
    """The sum of what a file holds beside its pixels; raises once it is too much."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._number = self._bytes = 0

    def add(self, n_bytes: int) -> None:
        """Count one more block. Raises `ImageBroken`."""
        self._number += 1
        self._bytes += n_bytes
        if self._number > self._most:
            raise broken("too_many_blocks", f"more than {self._most} blocks beside the pixels")
        if self._bytes > METADATA_MAX_BYTES:
            raise broken("metadata_bomb", f"more than {METADATA_MAX_BYTES} bytes of metadata")


def require_profile_size(n_bytes: int) -> None:
    """Raise `ImageBroken` for a color profile larger than any that is of use."""
    if n_bytes > ICC_MAX_BYTES:
        raise broken("icc_bomb", f"a color profile of more than {ICC_MAX_BYTES} bytes")


def require_exif_size(n_bytes: int) -> None:
    """Raise `ImageBroken` for EXIF larger than any camera's."""
    if n_bytes > EXIF_MAX_BYTES:
        raise broken("exif_bomb", f"EXIF of {n_bytes} bytes")
