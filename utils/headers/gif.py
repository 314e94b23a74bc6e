"""A walk over the blocks of a GIF (GIF89a, 15 to 26) up to its first frame, the one we take."""

from __future__ import annotations

import struct

from utils.headers.judgement import Ancillary, Fits, Header, broken

# Sub-blocks of 255 bytes at most; a decoder in Python looks at each.
_BLOCKS_MAX = 10_000
_EXTENSION, _FRAME = 0x21, 0x2C


def walk(data: bytes, fits: Fits) -> Header:
    """The header of a GIF; the size is that of the screen, or of a frame that is larger.

    Raises `ImageBroken`, and what `fits` raises.
    """
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    fits(width, height)
    at = 13 + _palette_bytes(flags)
    ancillary = Ancillary(_BLOCKS_MAX)
    while data[at] != _FRAME:
        if data[at] != _EXTENSION:
            raise broken("no_frame")
        at += 2
        while data[at]:
            ancillary.add(data[at])
            at += 1 + data[at]
        ancillary.add(0)
        at += 1
    left, top, frame_width, frame_height = struct.unpack_from("<4H", data, at + 1)
    size_wh = max(width, left + frame_width), max(height, top + frame_height)
    fits(*size_wh)
    fits(frame_width, frame_height)
    return Header("GIF", size_wh)


def _palette_bytes(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0
