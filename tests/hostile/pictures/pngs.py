"""PNGs: chunks by hand.

A long file: a list of cases, each written out.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

from PIL import Image

from tests.hostile.pictures.case import ANSWERED, BROKEN, TOO_LARGE, Case, encoded, sample
from tests.profiles import DISPLAY_P3, profile

START = b"\x89PNG\r\n\x1a\n"
END = b"\0\0\0\0IEND\xaeB`\x82"
PLAIN = encoded("PNG")


def chunk(kind: bytes, payload: bytes = b"") -> bytes:
    whole = kind + payload
    return struct.pack(">I", len(payload)) + whole + struct.pack(">I", zlib.crc32(whole))


def header(
    width: int, height: int, bits: int = 8, color: int = 2, more: bytes = b"\0\0\0"
) -> bytes:
    return START + chunk(b"IHDR", struct.pack(">IIBB", width, height, bits, color) + more)


def with_chunks(*chunks: bytes, data: bytes = PLAIN) -> bytes:
    """With more chunks right after the header."""
    return data[:33] + b"".join(chunks) + data[33:]


def squeezed(n_bytes: int) -> bytes:
    return zlib.compress(b"\0" * n_bytes, 9)


def cases() -> Iterator[Case]:
    yield from _sizes()
    yield from _metadata()
    yield from _pixels()
    yield from _damaged()


def _sizes() -> Iterator[Case]:
    group = "pixels and sides"
    for width, height, reason in (
        (2**31 - 1, 2**31 - 1, "too_many_pixels"),
        (100_000, 100_000, "too_many_pixels"),
        (2**31 - 1, 1, "too_many_pixels"),
        (50_000_000, 1, "too_long_side"),
        (1, 65_501, "too_long_side"),
    ):
        yield Case(
            group,
            f"PNG of {width}x{height}",
            lambda w=width, h=height: header(w, h) + chunk(b"IDAT", squeezed(9)) + END,
            TOO_LARGE,
            reason,
        )
    for width, height in ((0, 1), (1, 0), (0, 0)):
        yield Case(
            group,
            f"PNG of {width}x{height}",
            lambda w=width, h=height: header(w, h) + chunk(b"IDAT", squeezed(9)) + END,
            BROKEN,
            "zero_size",
        )
    for width, height in ((1, 1), (1, 65_500), (65_500, 1), (3, 20_000)):
        yield Case(
            group,
            f"PNG of {width}x{height}, sound",
            lambda w=width, h=height: encoded("PNG", Image.new("RGB", (w, h), "teal")),
            ANSWERED,
        )
    yield Case(
        group,
        "PNG of 49 megapixels in 150 kB",
        lambda: encoded("PNG", Image.new("RGB", (7_000, 7_000), "teal")),
        ANSWERED,
        limit_s=30,
    )
    yield Case(
        group,
        "PNG of 1x1 with 2 GB behind it",
        lambda: header(1, 1) + chunk(b"IDAT", squeezed(2 * 10**9 // 16) * 16) + END,
        "either",
    )
    yield Case(
        group,
        "PNG that promises 49 megapixels and has none",
        lambda: header(7_000, 7_000) + chunk(b"IDAT", squeezed(9)) + END,
        BROKEN,
        "damaged",
    )


def _metadata() -> Iterator[Case]:
    group = "metadata"
    yield Case(
        group,
        "PNG with a profile of 100 MB in 100 kB",
        lambda: with_chunks(chunk(b"iCCP", b"x\0\0" + squeezed(100_000_000))),
        BROKEN,
        "icc_bomb",
    )
    yield Case(
        group,
        "PNG with a profile of 3 MB",
        lambda: with_chunks(
            chunk(b"iCCP", b"x\0\0" + zlib.compress(profile(DISPLAY_P3, padding=3_000_000)))
        ),
        "either",
    )
    yield Case(
        group,
        "PNG with a profile that is no zlib",
        lambda: with_chunks(chunk(b"iCCP", b"x\0\0not packed at all")),
        "either",
    )
    yield Case(
        group,
        "PNG with an empty profile",
        lambda: with_chunks(chunk(b"iCCP")),
        "either",
    )
    yield Case(
        group,
        "PNG with EXIF of 2 MB",
        lambda: with_chunks(chunk(b"eXIf", b"II*\0" + b"\0" * 2_000_000)),
        BROKEN,
        "exif_bomb",
    )
    yield Case(
        group,
        "PNG with 9 MB of text",
        lambda: with_chunks(chunk(b"tEXt", b"k\0" + b"x" * 3_000_000) * 3),
        BROKEN,
        "metadata_bomb",
    )
    yield Case(
        group,
        "PNG with a text of 200 MB in 200 kB",
        lambda: with_chunks(chunk(b"zTXt", b"k\0\0" + squeezed(200_000_000))),
        "either",
    )
    yield Case(
        group,
        "PNG with an international text of 200 MB",
        lambda: with_chunks(chunk(b"iTXt", b"k\0\1\0\0\0" + squeezed(200_000_000))),
        "either",
    )
    yield Case(
        group,
        "PNG with 500 texts of 900 kB each",
        lambda: with_chunks(*[chunk(b"zTXt", b"k\0\0" + squeezed(900_000))] * 500),
        "either",
    )
    yield Case(
        group,
        "PNG with 2,000 texts",
        lambda: with_chunks(chunk(b"tEXt", b"k\0x") * 2_000),
        BROKEN,
        "too_many_blocks",
    )
    yield Case(
        group,
        "PNG with 2,000 chunks that nobody knows",
        lambda: with_chunks(chunk(b"abCd") * 2_000),
        BROKEN,
        "too_many_blocks",
    )
    yield Case(
        group,
        "PNG with a million empty chunks of pixels",
        lambda: with_chunks(chunk(b"IDAT") * 1_000_000),
        BROKEN,
        "too_many_chunks",
    )


def _pixels() -> Iterator[Case]:
    group = "unusual colors"
    for mode in ("L", "LA", "P", "RGBA", "1", "I;16"):
        picture = (
            sample(mode="RGB").convert("L").convert("I;16") if mode == "I;16" else sample(mode=mode)
        )
        yield Case(group, f"PNG in {mode}", lambda p=picture: encoded("PNG", p), ANSWERED)
    rows = b"".join(b"\0" + bytes(range(256)) for _ in range(32))
    for color, name, pixel in (
        (2, "RGB", 6),
        (6, "RGBA", 8),
        (4, "gray and alpha", 4),
        (0, "gray", 2),
    ):
        yield Case(
            group,
            f"PNG of 16 bits in {name}",
            lambda c=color, w=256 // pixel: (
                header(w, 16, 16, c)
                + chunk(b"IDAT", zlib.compress(b"".join(b"\0" + bytes(w * 8) for _ in range(16))))
                + END
            ),
            ANSWERED,
        )
    for bits, color in ((3, 0), (16, 3), (1, 2), (0, 2), (8, 7), (255, 255)):
        yield Case(
            group,
            f"PNG of {bits} bits in color type {color}",
            lambda b=bits, c=color: (
                header(16, 16, b, c) + chunk(b"IDAT", zlib.compress(rows)) + END
            ),
            BROKEN,
        )
    yield Case(
        group,
        "PNG with a palette but none",
        lambda: header(16, 16, 8, 3) + chunk(b"IDAT", zlib.compress(rows)) + END,
        "either",
    )
    yield Case(
        group,
        "PNG with a palette of one",
        lambda: (
            header(16, 16, 8, 3)
            + chunk(b"PLTE", b"abc")
            + chunk(b"IDAT", zlib.compress(rows))
            + END
        ),
        "either",
    )
    yield Case(
        group,
        "PNG, interlaced",
        lambda: header(16, 16, 8, 0, b"\0\0\1") + chunk(b"IDAT", zlib.compress(rows)) + END,
        "either",
    )
    group = "frames"
    frames = [sample().rotate(n) for n in range(4)]
    yield Case(
        group,
        "PNG of four frames",
        lambda: encoded("PNG", sample(), save_all=True, append_images=frames),
        ANSWERED,
    )
    control = chunk(b"acTL", struct.pack(">II", 2**31 - 1, 0))
    yield Case(
        group, "PNG that promises two billion frames", lambda: with_chunks(control), "either"
    )
    frame = chunk(b"fcTL", struct.pack(">IIIIIHHBB", 0, 2**31 - 1, 2**31 - 1, 0, 0, 1, 1, 0, 0))
    yield Case(
        group, "PNG with a frame larger than itself", lambda: with_chunks(control, frame), "either"
    )
    yield Case(
        group,
        "PNG with 30,000 frames",
        lambda: with_chunks(control, frame * 30_000),
        BROKEN,
        "too_many_chunks",
    )


def _damaged() -> Iterator[Case]:
    for share in (1, 5, 30, 50, 90):
        yield Case(
            "truncated",
            f"PNG, {share} % of it",
            lambda s=share: PLAIN[: max(16, len(PLAIN) * s // 100)],
            BROKEN,
        )
    at = PLAIN.index(b"IDAT")
    yield Case(
        "damaged",
        "PNG with a wrong checksum",
        lambda: PLAIN[:29] + b"\0\0\0\0" + PLAIN[33:],
        BROKEN,
        "damaged",
    )
    yield Case(
        "damaged",
        "PNG with noise for pixels",
        lambda: header(64, 48) + chunk(b"IDAT", bytes(range(256)) * 9) + END,
        BROKEN,
        "damaged",
    )
    yield Case(
        "damaged",
        "PNG with a chunk longer than the file",
        lambda: PLAIN[: at - 4] + b"\x7f\xff\xff\xff" + PLAIN[at:],
        "either",
    )
    yield Case("damaged", "PNG without a header", lambda: START + PLAIN[33:], BROKEN, "no_frame")
    yield Case("damaged", "PNG without pixels", lambda: PLAIN[:33] + END, BROKEN)
    yield Case("damaged", "PNG with two headers", lambda: with_chunks(PLAIN[8:33]), "either")
    yield Case(
        "damaged",
        "PNG with a second, larger header",
        lambda: with_chunks(header(9_999, 9_999)[8:]),
        "either",
    )
    yield Case(
        "damaged",
        "PNG of an unknown filter",
        lambda: (
            header(16, 16, 8, 0) + chunk(b"IDAT", zlib.compress((b"\x09" + b"x" * 16) * 16)) + END
        ),
        BROKEN,
    )
