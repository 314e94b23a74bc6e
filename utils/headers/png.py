"""A walk over the chunks of a PNG (https://www.w3.org/TR/png-3/, 5.3 and 11)."""

from __future__ import annotations

import struct
import zlib

from utils.headers.judgement import (
    ICC_MAX_BYTES,
    Ancillary,
    Fits,
    Header,
    broken,
    require_exif_size,
    require_profile_size,
)

# The usual chunk of pixels has 8 kB, of the smallest seen 1 kB.
_CHUNKS_MAX, _ANCILLARY_MAX = 20_000, 1_000
# Pixels of the picture, and of the further frames of an animation, which nobody decodes.
_PIXELS = (b"IDAT", b"fdAT", b"fcTL")


def walk(data: bytes, fits: Fits) -> Header:
    """The header of a PNG, animated or not.

    Raises `ImageBroken`, and what `fits` raises.
    """
    length, kind, width, height = struct.unpack_from(">I4sII", data, 8)
    if (length, kind) != (13, b"IHDR"):
        raise broken("no_frame")
    fits(width, height)
    ancillary = Ancillary(_ANCILLARY_MAX)
    at = 8 + 12 + 13
    for _ in range(_CHUNKS_MAX):
        if at + 8 > len(data) or kind == b"IEND":
            return Header("PNG", (width, height))
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind not in _PIXELS:
            _judge(kind, data[at + 8 : at + 8 + length], ancillary)
        at += 12 + length
    raise broken("too_many_chunks", f"more than {_CHUNKS_MAX} chunks")


def _judge(kind: bytes, payload: bytes, ancillary: Ancillary) -> None:
    ancillary.add(len(payload))
    if kind == b"eXIf":
        require_exif_size(len(payload))
    elif kind == b"iCCP":
        packed = payload.partition(b"\0")[2][1:]
        try:
            profile = zlib.decompressobj().decompress(packed, ICC_MAX_BYTES + 1)
        except zlib.error:
            # Damaged: whoever converts the colors will not find one.
            return
        require_profile_size(len(profile))
