"""Pictures in and out: strangers' bytes to RGB arrays, and arrays to what the doors deliver.

Size and format are read from the header and judged before anything is decoded. Every picture
leaves `decode` as RGB uint8 (height, width, 3), turned as its EXIF says, transparency laid on
white, CMYK, palette, gray and 16 bit converted.
"""

from __future__ import annotations

import io
import warnings
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageOps, UnidentifiedImageError

from utils.errors import ImageBroken, ImageTooLarge, NotAnImage, SemblanceError

Image = NDArray[np.uint8]
Format = Literal["jpeg", "png"]

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
# Those that OpenCV decodes to the very same pixels in half the time, where there is nothing to
# convert. An MPO is a JPEG with more pictures behind it. Of the others OpenCV has parsers of its
# own, which may see another size than the one that was judged.
_PLAIN_FORMATS, _PLAIN_MODES = ("JPEG", "MPO", "WEBP"), ("RGB", "L")
_COLOR = cv2.IMREAD_COLOR_RGB  # turned as EXIF says
_JPEG_QUALITY = 90
# What Telegram takes as a photo: https://core.telegram.org/bots/api#sendphoto
_CHAT_MAX_SUM_PX = 10_000
_CHAT_MAX_BYTES = 10_000_000
_CHAT_MAX_RATIO = 20

# `decode` compares the header's size with the operator's own limit before any pixel is read.
Pillow.MAX_IMAGE_PIXELS = None
# What is odd about a stranger's file is no news to the operator.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")


@dataclass(frozen=True)
class Picture:
    """An encoded picture; `as_document`: Telegram would refuse it as a photo."""

    data: bytes
    mime: str
    as_document: bool = False


def begins_like_a_picture(head: bytes) -> bool:
    """Whether the first bytes of a file (16 at least) may be those of a format of ours."""
    # Pillow knows the other formats of ours without its forty rarer ones, which take 50 ms.
    from PIL import TiffImagePlugin, WebPImagePlugin  # noqa: F401

    Pillow.preinit()
    accepts = (Pillow.OPEN[form][1] for form in FORMATS)
    return any(accept is None or bool(accept(head)) for accept in accepts)


def decode(data: bytes, *, max_bytes: int, max_pixels: int) -> Image:
    """RGB uint8 (h, w, 3) of a JPEG, PNG, WebP, GIF (first frame), BMP or TIFF.

    Raises `ImageTooLarge` (bytes or pixels), `NotAnImage` (no format of ours) and `ImageBroken`
    (truncated or damaged).
    """
    if len(data) > max_bytes:
        raise ImageTooLarge(f"{len(data)} bytes, {max_bytes} allowed")
    try:
        picture = Pillow.open(io.BytesIO(data), formats=FORMATS)
    except UnidentifiedImageError:
        raise NotAnImage(f"{len(data)} bytes of no known format") from None
    except Exception as error:  # noqa: BLE001  Pillow's parsers raise whatever a bad header provokes
        raise ImageBroken(f"header: {type(error).__name__}") from None
    with picture:
        width, height = picture.size
        if width * height > max_pixels:
            raise ImageTooLarge(
                f"{width}x{height} pixels, {max_pixels} allowed",
                sentence=f"This picture has {width} x {height} pixels, more than I can take. "
                "Please send a smaller one.",
            )
        try:
            plain = _is_plain(picture)
            image_rgb = cv2.imdecode(np.frombuffer(data, np.uint8), _COLOR) if plain else None
            # What OpenCV gives up is for Pillow to judge, which forgives more, and says why.
            return _to_rgb(picture) if image_rgb is None else np.asarray(image_rgb, np.uint8)
        except Exception as error:  # noqa: BLE001  as above, for the body
            raise ImageBroken(f"{picture.format}: {type(error).__name__}") from None


def _is_plain(picture: Pillow.Image) -> bool:
    return (
        picture.format in _PLAIN_FORMATS
        and picture.mode in _PLAIN_MODES
        and not picture.has_transparency_data
    )


def _to_rgb(picture: Pillow.Image) -> Image:
    picture.load()
    _turn(picture)
    if picture.mode.startswith("I") or picture.mode == "F":
        picture = _to_8_bit(picture)
    if picture.has_transparency_data:
        picture = _on_white(picture)
    return np.array(_converted(picture, "RGB"), np.uint8)


def _on_white(picture: Pillow.Image) -> Pillow.Image:
    white = Pillow.new("RGBA", picture.size, "white")
    opaque = Pillow.alpha_composite(white, _converted(picture, "RGBA"))
    # The memory of its pixels, before the next copy is made.
    picture.close()
    return opaque


def _converted(picture: Pillow.Image, mode: str) -> Pillow.Image:
    # Pillow converts by copying also what needs no conversion.
    return picture if picture.mode == mode else picture.convert(mode)


def _turn(picture: Pillow.Image) -> None:
    # Damaged EXIF is no reason to refuse a sound picture.
    with suppress(Exception):
        ImageOps.exif_transpose(picture, in_place=True)


def _to_8_bit(picture: Pillow.Image) -> Pillow.Image:
    """16-bit and float gray to 8 bit; the range is the format's, or the picture's own for float."""
    values = np.asarray(picture, np.float32)
    if picture.mode == "F" or np.max(values, initial=0) > 65535:
        low, high = float(np.min(values)), float(np.max(values))
        values = (values - low) * (65535 / max(high - low, 1e-9))
    return Pillow.fromarray((values / 257).round().astype(np.uint8))


def encode(image_rgb: Image, form: Format) -> Picture:
    """A JPEG (quality 90) or PNG of RGB uint8 (h, w, 3), without any metadata."""
    options = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY] if form == "jpeg" else []
    done, data = cv2.imencode(f".{form}", cv2.cvtColor(image_rgb, cv2.COLOR_RGB2BGR), options)
    if not done:
        raise SemblanceError(f"could not encode {image_rgb.shape} as {form}")
    return Picture(data.tobytes(), f"image/{form}")


def encode_for_chat(image_rgb: Image) -> Picture:
    """A JPEG within Telegram's limits for photos: shrunk where needed, never cropped.

    Width + height <= 10,000 and <= 10 MB; a side ratio above 20 goes as a document instead.
    """
    height, width = image_rgb.shape[:2]
    scale = min(1.0, _CHAT_MAX_SUM_PX / (width + height))
    while True:
        shrunk = _scaled(image_rgb, scale)
        picture = encode(shrunk, "jpeg")
        if len(picture.data) <= _CHAT_MAX_BYTES:
            break
        scale *= 0.8
    ratio = max(width, height) / min(width, height)
    return Picture(picture.data, picture.mime, as_document=ratio > _CHAT_MAX_RATIO)


def _scaled(image_rgb: Image, scale: float) -> Image:
    if scale >= 1:
        return image_rgb
    height, width = image_rgb.shape[:2]
    size = (max(1, int(width * scale)), max(1, int(height * scale)))
    return np.asarray(cv2.resize(image_rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
