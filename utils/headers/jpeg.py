"""A walk over the markers of a JPEG (ITU-T T.81, annex B)."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, field

from utils.headers.judgement import Fits, Header, broken, require_profile_size
from utils.headers.srgb import says_srgb

# Anything but stuffing, fill bytes and restarts, none of which has a segment.
_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_SEGMENTS_MAX = 1000
# Each scan costs a pass over all blocks, though it may be a few bytes long. Encoders write ten.
_SCANS_MAX, _ORDINARY_SCANS = 100, 20
_BASELINE, _EXTENDED, _PROGRESSIVE = 0xC0, 0xC1, 0xC2
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_END, _SCAN, _SEGMENT_ICC, _START, _TEMPORARY = 0xD9, 0xDA, 0xE2, 0xD8, 0x01
_ICC = b"ICC_PROFILE\0"


@dataclass
class _Found:
    """What has been seen so far; `odd`: something that no usual encoder writes."""

    size_wh: tuple[int, int] | None = None
    frame: int = 0
    precision: int = 0
    components: int = 0
    scans: int = 0
    odd: bool = False
    icc: list[tuple[int, bytes]] = field(default_factory=list)
    icc_bytes: int = 0


def walk(data: bytes, fits: Fits) -> Header:
    """The header of a JPEG.

    Raises `ImageBroken`, and what `fits` raises.
    """
    found = _Found()
    at = 2
    for _ in range(_SEGMENTS_MAX):
        marker = _MARKER.search(data, at)
        if marker is None:
            found.odd = True
            break
        # Between segments nothing else may stand; in a scan its entropy-coded data does.
        found.odd |= marker.start() != at and found.scans == 0
        kind, at = data[marker.start() + 1], marker.end()
        if kind == _END:
            break
        if kind in (_START, _TEMPORARY):
            found.odd = True
            continue
        (length,) = struct.unpack_from(">H", data, at)
        if length < 2:
            raise broken("bad_segment")
        _take(found, kind, data[at + 2 : at + length], fits)
        at += length
    else:
        raise broken("too_many_segments", f"more than {_SEGMENTS_MAX} segments")
    if found.size_wh is None:
        raise broken("no_frame")
    return Header("JPEG", found.size_wh, ordinary=_is_ordinary(found))


def _take(found: _Found, kind: int, payload: bytes, fits: Fits) -> None:
    if kind in _FRAMES:
        if found.size_wh is not None:
            raise broken("two_frames")
        precision, height, width, components = struct.unpack_from(">BHHB", payload)
        fits(width, height)
        found.size_wh, found.frame = (width, height), kind
        found.precision, found.components = precision, components
    elif kind == _SCAN:
        found.scans += 1
        found.odd |= found.size_wh is None
        if found.scans > _SCANS_MAX:
            raise broken("too_many_scans", f"more than {_SCANS_MAX} scans")
    elif kind == _SEGMENT_ICC and payload.startswith(_ICC):
        start = len(_ICC) + 2
        found.icc.append((payload[len(_ICC)] if len(payload) >= start else 0, payload[start:]))
        found.icc_bytes += len(payload)
        require_profile_size(found.icc_bytes)


def _is_ordinary(found: _Found) -> bool:
    sequential = found.frame in (_BASELINE, _EXTENDED)
    scans = found.components if sequential else _ORDINARY_SCANS
    return (
        not found.odd
        and (sequential or found.frame == _PROGRESSIVE)
        and found.precision == 8
        and found.components in (1, 3)
        and 1 <= found.scans <= scans
        and (not found.icc or says_srgb(b"".join(part for _, part in sorted(found.icc))))
    )
