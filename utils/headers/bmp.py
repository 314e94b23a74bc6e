"""The two headers of a BMP (BITMAPFILEHEADER, BITMAPCOREHEADER and BITMAPINFOHEADER)."""

from __future__ import annotations

import struct

from utils.headers.judgement import Fits, Header, broken, too_large

_CORE = 12
_RLE = (1, 2)
# Runs are unpacked one by one, in Python.
_RLE_MAX_BYTES = 2_000_000


def walk(data: bytes, fits: Fits) -> Header:
    """The header of a BMP.

    Raises `ImageBroken` and `ImageTooLarge`, and what `fits` raises.
    """
    (header,) = struct.unpack_from("<I", data, 14)
    if header == _CORE:
        width, height = struct.unpack_from("<HH", data, 18)
        compression = 0
    elif header < 40:
        raise broken("bad_segment")
    else:
        width, height, _, _, compression = struct.unpack_from("<iiHHI", data, 18)
    # Negative: the first row is the topmost one.
    height = abs(height)
    fits(width, height)
    if compression in _RLE and len(data) > _RLE_MAX_BYTES:
        raise too_large("rle_bomb", f"{len(data)} bytes of runs")
    return Header("BMP", (width, height))
