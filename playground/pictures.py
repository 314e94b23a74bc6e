"""What Telegram makes of a picture: checks, and the recompressed copies called PhotoSizes."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass

from PIL import Image, ImageOps

MAX_PHOTO_BYTES = 10 * 1024 * 1024
_LONG_SIDES = (90, 320, 800, 1280)
_MAX_SIDES_SUM = 10_000
_MAX_RATIO = 20
_MAX_PERSON_PIXELS = 120_000_000
_QUALITY = 87


class PictureRefused(Exception):
    """No photo to Telegram; `reason` is its word for why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Size:
    """One JPEG copy of a photo."""

    data: bytes
    width: int
    height: int


def check_upload(data: bytes) -> None:
    """Refuse what Telegram refuses when a bot uploads a photo. Raises `PictureRefused`."""
    if len(data) > MAX_PHOTO_BYTES:
        size = f"file of size {len(data)} bytes is too big for a photo"
        raise PictureRefused(f"{size}; the maximum size is {MAX_PHOTO_BYTES} bytes")
    with _open(data) as picture:
        width, height = picture.size
    if width + height > _MAX_SIDES_SUM or _too_long(width, height):
        raise PictureRefused("PHOTO_INVALID_DIMENSIONS")


def photo_sizes(data: bytes) -> list[Size]:
    """The copies of a photo, smallest first: turned upright, on white, at most 1280 px long."""
    with _open(data) as picture:
        if picture.width * picture.height > _MAX_PERSON_PIXELS or _too_long(*picture.size):
            raise PictureRefused("PHOTO_INVALID_DIMENSIONS")
        try:
            picture.draft("RGB", (_LONG_SIDES[-1], _LONG_SIDES[-1]))
            upright = _on_white(ImageOps.exif_transpose(picture))
        except (OSError, SyntaxError, ValueError, ArithmeticError):
            raise PictureRefused("IMAGE_PROCESS_FAILED") from None
    upright.thumbnail(
        (_LONG_SIDES[-1], _LONG_SIDES[-1]), Image.Resampling.LANCZOS, reducing_gap=2.0
    )
    sides = [side for side in _LONG_SIDES[:-1] if side < max(upright.size)]
    return [*(_copy(upright, side) for side in sides), _encoded(upright)]


def _open(data: bytes) -> Image.Image:
    try:
        with warnings.catch_warnings():
            # The pixel limits above decide, not Pillow's.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            return Image.open(io.BytesIO(data))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        raise PictureRefused("IMAGE_PROCESS_FAILED") from None


def _too_long(width: int, height: int) -> bool:
    return max(width, height) > _MAX_RATIO * min(width, height)


def _on_white(picture: Image.Image) -> Image.Image:
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    rgba = picture.convert("RGBA")
    white = Image.new("RGB", rgba.size, "white")
    white.paste(rgba, mask=rgba.getchannel("A"))
    return white


def _copy(picture: Image.Image, long_side: int) -> Size:
    copy = picture.copy()
    copy.thumbnail((long_side, long_side), Image.Resampling.LANCZOS)
    return _encoded(copy)


def _encoded(picture: Image.Image) -> Size:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=_QUALITY)
    return Size(out.getvalue(), picture.width, picture.height)
