"""A walk over the chunks of a WebP (RFC 9649, 2.3 to 2.7, and 3.4 and RFC 6386, 9.1 for sizes)."""

from __future__ import annotations

import struct

from utils.headers.judgement import (
    Ancillary,
    Fits,
    Header,
    broken,
    require_exif_size,
    require_profile_size,
)

_CHUNKS_MAX, _FRAMES_MAX = 10_000, 2_000


def walk(data: bytes, fits: Fits) -> Header:
    """The header of a WebP; of an animation the size of its canvas.

    Raises `ImageBroken`, and what `fits` raises.
    """
    size_wh: tuple[int, int] | None = None
    ancillary = Ancillary(_CHUNKS_MAX)
    frames, at = 0, 12
    while at + 8 <= len(data):
        kind, length = struct.unpack_from("<4sI", data, at)
        payload = data[at + 8 : at + 8 + length]
        if kind in _SIZES:
            # A frame may say another size than the canvas before it: both must fit.
            size = _SIZES[kind](payload)
            fits(*size)
            size_wh = size_wh or size
        elif kind == b"ANMF":
            frames += 1
            if frames > _FRAMES_MAX:
                raise broken("too_many_frames", f"more than {_FRAMES_MAX} frames")
        else:
            _judge(kind, length, ancillary)
        at += 8 + length + length % 2
    if size_wh is None:
        raise broken("no_frame")
    return Header("WEBP", size_wh)


def _judge(kind: bytes, length: int, ancillary: Ancillary) -> None:
    if kind == b"ICCP":
        require_profile_size(length)
    elif kind == b"EXIF":
        require_exif_size(length)
    # Transparency is pixels too.
    ancillary.add(0 if kind == b"ALPH" else length)


def _of_canvas(payload: bytes) -> tuple[int, int]:
    return _u24(payload[4:7]) + 1, _u24(payload[7:10]) + 1


def _of_lossy(payload: bytes) -> tuple[int, int]:
    width, height = struct.unpack_from("<HH", payload, 6)
    return width & 0x3FFF, height & 0x3FFF


def _of_lossless(payload: bytes) -> tuple[int, int]:
    (bits,) = struct.unpack_from("<I", payload, 1)
    return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1


def _u24(three: bytes) -> int:
    if len(three) < 3:
        raise broken("truncated_header")
    return int.from_bytes(three, "little")


_SIZES = {b"VP8X": _of_canvas, b"VP8 ": _of_lossy, b"VP8L": _of_lossless}
