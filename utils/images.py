"""Pictures in and out: strangers' bytes to RGB arrays, and arrays to what the doors deliver.

What a file says of its picture is judged before anything is decoded (`utils.headers`). An ordinary
JPEG is decoded here, by the libjpeg-turbo of OpenCV; everything else in a process of its own
(`utils.decoder`). Every picture leaves `decode` as RGB uint8 (height, width, 3), turned as its EXIF
says, transparency laid on white, CMYK, palette, gray and 16 bit converted, in sRGB.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from utils.decoder import decoders
from utils.errors import ImageTooLarge, SemblanceError
from utils.headers import FORMS, Header, judge

Image = NDArray[np.uint8]
Format = Literal["jpeg", "png"]

FORMATS = FORMS
_COLOR = cv2.IMREAD_COLOR_RGB  # turned as EXIF says
_JPEG_QUALITY = 90
# What Telegram takes as a photo: https://core.telegram.org/bots/api#sendphoto
_CHAT_MAX_SUM_PX = 10_000
_CHAT_MAX_BYTES = 10_000_000
_CHAT_MAX_RATIO = 20


@dataclass(frozen=True)
class Picture:
    """An encoded picture; `as_document`: Telegram would refuse it as a photo."""

    data: bytes
    mime: str
    as_document: bool = False


def check(data: bytes, *, max_bytes: int, max_pixels: int) -> Header:
    """The header of a picture that may be decoded, in a fraction of a millisecond a megabyte.

    Raises `ImageTooLarge`, `NotAnImage` and `ImageBroken`.
    """
    if len(data) > max_bytes:
        raise ImageTooLarge(f"{len(data)} bytes, {max_bytes} allowed", reason="too_many_bytes")
    return judge(data, max_pixels=max_pixels)


def decode(data: bytes, *, max_bytes: int, max_pixels: int) -> Image:
    """RGB uint8 (h, w, 3) of a JPEG, PNG, WebP, GIF (first frame), BMP or TIFF, in sRGB.

    Raises `ImageTooLarge` (bytes, pixels, a side), `NotAnImage` (no format of ours), `ImageBroken`
    (truncated, damaged, or made to break who opens it), and `Unavailable` where no process for
    decoding can be started.
    """
    header = check(data, max_bytes=max_bytes, max_pixels=max_pixels)
    image_rgb = _ordinary(data, header) if header.ordinary else None
    # What OpenCV gives up is for Pillow to judge, which forgives more, and says why.
    return decoders.decode(data, header) if image_rgb is None else image_rgb


def _ordinary(data: bytes, header: Header) -> Image | None:
    try:
        image_rgb = cv2.imdecode(np.frombuffer(data, np.uint8), _COLOR)
    except cv2.error:
        return None
    if image_rgb is None or image_rgb.shape[1::-1] not in (header.size_wh, header.size_wh[::-1]):
        return None
    return np.asarray(image_rgb, np.uint8)


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
