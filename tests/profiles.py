"""Color profiles made by hand: three primaries and a gamma (ICC.1:2001-04, version 2.4)."""

from __future__ import annotations

import struct

SRGB = ((0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141))
DISPLAY_P3 = (
    (0.51512, 0.24120, -0.00105),
    (0.29198, 0.69225, 0.04189),
    (0.15710, 0.06657, 0.78407),
)
ADOBE_RGB = ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))
_WHITE = (0.9642, 1.0, 0.8249)


def profile(
    primaries: tuple[tuple[float, float, float], ...] = SRGB,
    gamma: float = 2.2,
    padding: int = 0,
    kind: bytes = b"RGB ",
) -> bytes:
    """A profile of a screen; `padding` bytes more in its copyright."""

    def xyz(values: tuple[float, float, float]) -> bytes:
        return b"XYZ \0\0\0\0" + b"".join(struct.pack(">i", round(v * 65536)) for v in values)

    curve = b"curv\0\0\0\0" + struct.pack(">IHxx", 1, round(gamma * 256))
    text = b"a profile made by a test" + b" " * padding + b"\0"
    tags = {
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", 5) + b"test\0" + b"\0" * 79,
        b"cprt": b"text\0\0\0\0" + text,
        b"wtpt": xyz(_WHITE),
        b"rXYZ": xyz(primaries[0]),
        b"gXYZ": xyz(primaries[1]),
        b"bXYZ": xyz(primaries[2]),
        b"rTRC": curve,
        b"gTRC": curve,
        b"bTRC": curve,
    }
    if kind == b"GRAY":
        tags = {name: tags[name] for name in (b"desc", b"cprt", b"wtpt")} | {b"kTRC": curve}
    table, body, at = struct.pack(">I", len(tags)), b"", 132 + 12 * len(tags)
    for name, unpadded in tags.items():
        data = unpadded + b"\0" * (-len(unpadded) % 4)
        table += struct.pack(">4sII", name, at + len(body), len(data))
        body += data
    head = struct.pack(
        ">I4sI4s4s4s12x4s4s24x3i48x",
        *(at + len(body), b"test", 0x02400000, b"mntr", kind, b"XYZ ", b"acsp", b"\0\0\0\0"),
        *(round(v * 65536) for v in _WHITE),
    )
    return head + table + body
