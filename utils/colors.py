"""From a picture that Pillow opened to RGB as screens show it.

Turned as its EXIF says, transparency laid on white, CMYK, palette, gray and 16 bit converted, and
colors brought from the space of its ICC profile to sRGB.
"""

from __future__ import annotations

import io
from contextlib import suppress
from typing import Any

from PIL import Image as Pillow
from PIL import ImageCms, ImageOps

# The space of a profile's colors, and the modes of pictures that may be read under it.
_MODES = {"RGB": ("RGB",), "CMYK": ("CMYK",), "GRAY": ("L",)}
_SRGB = ImageCms.createProfile("sRGB")


def to_srgb(picture: Pillow.Image) -> Pillow.Image:
    """The picture as RGB. Raises whatever Pillow raises for pixels that are damaged."""
    profile = picture.info.get("icc_profile")
    picture.load()
    # Damaged EXIF is no reason to refuse a sound picture.
    with suppress(Exception):
        ImageOps.exif_transpose(picture, in_place=True)
    if picture.mode.startswith("I") or picture.mode == "F":
        picture = _to_8_bit(picture)
    if picture.has_transparency_data:
        picture = _on_white(picture)
    if profile:
        picture = _under_profile(picture, profile)
    return _converted(picture, "RGB")


def _under_profile(picture: Pillow.Image, profile: bytes) -> Pillow.Image:
    """The picture in sRGB; as it is where the profile is damaged, or of another kind of picture."""
    with suppress(ImageCms.PyCMSError, OSError, ValueError, TypeError):
        space: Any = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        modes = _MODES.get(space.profile.xcolor_space.strip(), ())
        if modes and picture.mode not in modes and "RGB" in modes:
            picture = _converted(picture, "RGB")
        if picture.mode in modes:
            done = ImageCms.profileToProfile(picture, space, _SRGB, outputMode="RGB")
            return picture if done is None else done
    return picture


def _on_white(picture: Pillow.Image) -> Pillow.Image:
    white = Pillow.new("RGBA", picture.size, "white")
    opaque = Pillow.alpha_composite(white, _converted(picture, "RGBA"))
    # The memory of its pixels, before the next copy is made.
    picture.close()
    return opaque


def _converted(picture: Pillow.Image, mode: str) -> Pillow.Image:
    # Pillow converts by copying also what needs no conversion.
    return picture if picture.mode == mode else picture.convert(mode)


def _to_8_bit(picture: Pillow.Image) -> Pillow.Image:
    """16-bit and float gray to 8 bit; the range is the format's, or the picture's own for float."""
    values = picture if picture.mode == "F" else picture.convert("I").convert("F")
    low, high = (float(each) for each in values.getextrema())  # type: ignore[arg-type]
    if picture.mode != "F" and high <= 65535:
        low, high = 0.0, 65535.0
    scale = 255 / max(high - low, 1e-9)
    # Pillow cuts off what stands behind the point.
    return values.point(lambda value: value * scale + (0.5 - low * scale)).convert("L")
