"""Whether a color profile says sRGB, told without a library that parses what strangers made.

Fields and tags: ICC.1:2022 (https://www.color.org/specification/ICC.1-2022-05.pdf), 7.2, 7.3,
10.6, 10.18, 10.31.
"""

from __future__ import annotations

import struct

# The three primaries of sRGB adapted to D50, as (X, Y, Z); profiles in use differ by 0.001.
_PRIMARIES = {
    b"rXYZ": (0.4361, 0.2225, 0.0139),
    b"gXYZ": (0.3851, 0.7169, 0.0971),
    b"bXYZ": (0.1431, 0.0606, 0.7141),
}
_NEAR = 0.003
# What half of the range means in light; a plain gamma of 2.2 gives 0.218.
_MIDDLE, _MIDDLE_NEAR = 0.214, 0.012
_TAGS_MAX = 100


def says_srgb(profile: bytes) -> bool:
    """Whether colors under this profile are those of sRGB to within what an eye can tell.

    False for everything else: other spaces, tables in place of primaries, damaged profiles.
    """
    try:
        return profile[16:20] == b"RGB " and _is_srgb(profile, _tags_of(profile))
    except (struct.error, IndexError, ZeroDivisionError, OverflowError):
        return False


def _tags_of(profile: bytes) -> dict[bytes, int]:
    """The offsets of the tags by name."""
    number = min(_TAGS_MAX, struct.unpack_from(">I", profile, 128)[0])
    entries = (struct.unpack_from(">4sII", profile, 132 + 12 * n) for n in range(number))
    return {name: offset for name, offset, _ in entries}


def _is_srgb(profile: bytes, tags: dict[bytes, int]) -> bool:
    # A table beats the primaries where a reader knows both.
    if b"A2B0" in tags or not {*_PRIMARIES, b"rTRC", b"gTRC", b"bTRC"} <= tags.keys():
        return False
    for name, wanted in _PRIMARIES.items():
        xyz = struct.unpack_from(">3i", profile, tags[name] + 8)
        if any(abs(have / 65536 - want) > _NEAR for have, want in zip(xyz, wanted, strict=True)):
            return False
    curves = (_middle_of(profile, tags[name]) for name in (b"rTRC", b"gTRC", b"bTRC"))
    return all(abs(middle - _MIDDLE) <= _MIDDLE_NEAR for middle in curves)


def _middle_of(profile: bytes, at: int) -> float:
    """The light that a tone curve gives to half of the range."""
    kind = profile[at : at + 4]
    if kind == b"para":
        # The types 1 to 4 begin with gamma, a and b of (a x + b) ^ gamma.
        (number,) = struct.unpack_from(">H", profile, at + 8)
        (gamma,) = struct.unpack_from(">i", profile, at + 12)
        a, b = struct.unpack_from(">2i", profile, at + 16) if number else (65536, 0)
        return float(max(0.0, (a * 0.5 + b) / 65536) ** (gamma / 65536))
    if kind != b"curv":
        raise IndexError
    (entries,) = struct.unpack_from(">I", profile, at + 8)
    if entries == 0:
        return 0.5
    if entries == 1:
        return float(0.5 ** (struct.unpack_from(">H", profile, at + 12)[0] / 256))
    return float(struct.unpack_from(">H", profile, at + 12 + 2 * (entries // 2))[0] / 65535)
