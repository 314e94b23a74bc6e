"""What a stranger's file says of the picture in it, read and judged before anything is decoded."""

from __future__ import annotations

import struct
from collections.abc import Callable

from utils.errors import ImageTooLarge
from utils.headers import bmp, gif, jpeg, png, tiff, webp
from utils.headers.forms import FORMS, HEAD_BYTES, form_of
from utils.headers.judgement import SIDE_MAX_PX, Fits, Form, Header, broken

__all__ = ["FORMS", "HEAD_BYTES", "Form", "Header", "form_of", "judge"]

_WALKS: dict[Form, Callable[[bytes, Fits], Header]] = {
    "JPEG": jpeg.walk,
    "PNG": png.walk,
    "WEBP": webp.walk,
    "GIF": gif.walk,
    "BMP": bmp.walk,
    "TIFF": tiff.walk,
}


def judge(data: bytes, *, max_pixels: int) -> Header:
    """The header of a picture that may be decoded.

    Raises `NotAnImage` (no format of ours), `ImageTooLarge` (its sides) and `ImageBroken`
    (damaged, or with more of something than honest pictures have); each says which by its reason.
    """

    def fits(width: int, height: int) -> None:
        if width <= 0 or height <= 0:
            raise broken("zero_size", f"{width}x{height} pixels")
        reason = "too_many_pixels" if width * height > max_pixels else "too_long_side"
        if width * height > max_pixels or max(width, height) > SIDE_MAX_PX:
            raise ImageTooLarge(
                f"{width}x{height} pixels, {max_pixels} allowed",
                reason=reason,
                sentence=f"This picture has {width} x {height} pixels, more than I can take. "
                "Please send a smaller one.",
            )

    walk = _WALKS[form_of(data[:HEAD_BYTES])]
    try:
        return walk(data, fits)
    except (struct.error, IndexError, OverflowError):
        # It ends before it is complete, or leads to where no file has an end.
        raise broken("truncated_header") from None
