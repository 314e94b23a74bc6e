"""JPEGs: frames, scans and segments that no encoder writes, by hand from sound ones.

A long file: a list of cases, each written out.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

from PIL import Image

from tests.hostile.pictures.case import ANSWERED, BROKEN, TOO_LARGE, Case, encoded, sample
from tests.profiles import ADOBE_RGB, DISPLAY_P3, profile

PLAIN = encoded("JPEG", quality=90)
PROGRESSIVE = encoded("JPEG", progressive=True)


def segment(marker: int, payload: bytes = b"") -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(payload) + 2) + payload


def after_start(data: bytes, *more: bytes) -> bytes:
    """With more segments right after the first marker."""
    return data[:2] + b"".join(more) + data[2:]


def frame_at(data: bytes) -> int:
    """Where the precision of the frame stands."""
    found = re.search(rb"\xff[\xc0-\xc2]\x00[\x0b\x11\x14]\x08", data)
    assert found is not None
    return found.start() + 4


def of_size(width: int, height: int, data: bytes = PLAIN) -> bytes:
    at = frame_at(data)
    return data[: at + 1] + struct.pack(">HH", height, width) + data[at + 5 :]


def with_byte(data: bytes, at: int, value: int) -> bytes:
    return data[:at] + bytes([value]) + data[at + 1 :]


def scans(number: int, width: int = 64, height: int = 48) -> bytes:
    """The first scan of a progressive picture, again and again."""
    data = of_size(width, height, PROGRESSIVE)
    first = data.index(b"\xff\xda")
    second = re.compile(rb"\xff[\xc4\xda]").search(data, first + 2)
    assert second is not None
    return data[:first] + data[first : second.start()] * number + b"\xff\xd9"


def in_parts(icc: bytes) -> bytes:
    parts = [icc[at : at + 60_000] for at in range(0, len(icc), 60_000)]
    return b"".join(
        segment(0xE2, b"ICC_PROFILE\0" + bytes([n + 1 & 255, len(parts) & 255]) + part)
        for n, part in enumerate(parts)
    )


def without(data: bytes, marker: int) -> bytes:
    at = data.index(bytes([0xFF, marker]))
    (length,) = struct.unpack_from(">H", data, at + 2)
    return data[:at] + data[at + 2 + length :]


def cases() -> Iterator[Case]:
    yield from _sizes()
    yield from _scans()
    yield from _metadata()
    yield from _colors()
    yield from _damaged()


def _sizes() -> Iterator[Case]:
    group = "pixels and sides"
    for width, height in ((65535, 65535), (50_000, 1_001), (10_000, 5_001)):
        yield Case(
            group,
            f"JPEG of {width}x{height} in some bytes",
            lambda w=width, h=height: of_size(w, h),
            TOO_LARGE,
            "too_many_pixels",
        )
    for width, height in ((65_535, 1), (1, 65_501)):
        yield Case(
            group,
            f"JPEG of {width}x{height}",
            lambda w=width, h=height: of_size(w, h),
            TOO_LARGE,
            "too_long_side",
        )
    for width, height in ((0, 48), (64, 0), (0, 0)):
        yield Case(
            group,
            f"JPEG of {width}x{height}",
            lambda w=width, h=height: of_size(w, h),
            BROKEN,
            "zero_size",
        )
    for width, height in ((1, 1), (1, 9_000), (9_000, 1), (65_500, 1), (1, 65_500), (2, 30_000)):
        yield Case(
            group,
            f"JPEG of {width}x{height}, sound",
            lambda w=width, h=height: encoded("JPEG", Image.new("RGB", (w, h), "teal")),
            ANSWERED,
        )
    yield Case(group, "JPEG with more pixels than scans", lambda: of_size(7_000, 7_000), "either")


def _scans() -> Iterator[Case]:
    group = "scans and segments"
    for number in (101, 1_000, 30_000):
        yield Case(group, f"{number} scans", lambda n=number: scans(n), BROKEN, "too_many_scans")
    yield Case(
        group,
        "1,000 scans of 49 megapixels",
        lambda: scans(1_000, 7_000, 7_000),
        BROKEN,
        "too_many_scans",
    )
    yield Case(group, "100 scans of 4 megapixels", lambda: scans(100, 2_000, 2_000), "either")
    yield Case(group, "30 scans", lambda: scans(30), "either")
    for marker, name in ((0xFE, "comments"), (0xE1, "APP1"), (0xDB, "tables"), (0xEF, "APP15")):
        yield Case(
            group,
            f"2,000 empty {name}",
            lambda m=marker: after_start(PLAIN, segment(m) * 2_000),
            BROKEN,
            "too_many_segments",
        )
    yield Case(
        group,
        "5 million empty segments",
        lambda: after_start(PLAIN, segment(0xFE) * 4_900_000),
        BROKEN,
        "too_many_segments",
    )
    yield Case(
        group,
        "a segment of no length",
        lambda: after_start(PLAIN, b"\xff\xfe\0\0"),
        BROKEN,
        "bad_segment",
    )
    yield Case(
        group,
        "a segment of one byte",
        lambda: after_start(PLAIN, b"\xff\xfe\0\1"),
        BROKEN,
        "bad_segment",
    )
    frame = PLAIN[frame_at(PLAIN) - 4 : frame_at(PLAIN) + 15]
    yield Case(group, "two frames", lambda: after_start(PLAIN, frame), BROKEN, "two_frames")
    yield Case(
        group,
        "two frames of two sizes",
        lambda: PLAIN[:2] + of_size(9_999, 9, frame + PLAIN)[: len(frame)] + PLAIN[2:],
        BROKEN,
        "two_frames",
    )
    yield Case(group, "no frame", lambda: without(PLAIN, 0xC0), BROKEN, "no_frame")
    yield Case(group, "a million fill bytes", lambda: after_start(PLAIN, b"\xff" * 10**6), "either")
    yield Case(
        group,
        "ten million stuffed bytes in the scan",
        lambda: PLAIN[:-2] + b"\xff\0" * 5_000_000 + PLAIN[-2:],
        "either",
    )
    yield Case(
        group,
        "ten million restarts",
        lambda: PLAIN[:-2] + b"\xff\xd0" * 5_000_000 + PLAIN[-2:],
        "either",
    )
    yield Case(
        group, "a scan before its frame", lambda: after_start(PLAIN, scan_of(PLAIN)), "either"
    )


def scan_of(data: bytes) -> bytes:
    at = data.index(b"\xff\xda")
    return data[at:-2]


def _metadata() -> Iterator[Case]:
    group = "metadata"
    for name, icc in (
        ("Display P3", profile(DISPLAY_P3)),
        ("Adobe RGB", profile(ADOBE_RGB)),
        ("3 MB", profile(DISPLAY_P3, padding=3_000_000)),
    ):
        yield Case(
            group,
            f"JPEG with a profile, {name}",
            lambda i=icc: after_start(PLAIN, in_parts(i)),
            ANSWERED,
        )
    yield Case(
        group,
        "JPEG with a profile of 5 MB",
        lambda: after_start(PLAIN, in_parts(profile(padding=5_000_000))),
        BROKEN,
        "icc_bomb",
    )
    damaged = {
        "of noise": bytes(range(256)) * 9,
        "of no length": b"",
        "cut off": profile(DISPLAY_P3)[:180],
        "with a billion tags": profile()[:128] + b"\x40\0\0\0" + profile()[132:],
        "with offsets outside": profile(DISPLAY_P3).replace(b"rXYZ", b"rXYZ\x7f\xff\xff\xff"),
        "of gray": profile(kind=b"GRAY"),
    }
    for name, icc in damaged.items():
        yield Case(
            group,
            f"JPEG with a profile {name}",
            lambda i=icc: after_start(PLAIN, segment(0xE2, b"ICC_PROFILE\0\1\1" + i)),
            ANSWERED,
        )
    one_field = b"II*\0\x08\0\0\0\x01\0"
    exifs = {
        "that points at itself": one_field + struct.pack("<HHIII", 34665, 4, 1, 8, 8),
        "of 65,535 fields": b"II*\0\x08\0\0\0\xff\xff" + b"\0" * 60_000,
        "with a count of billions": one_field + struct.pack("<HHIII", 274, 3, 2**32 - 1, 8, 0),
        "with an orientation of 0": one_field + struct.pack("<HHIII", 274, 3, 1, 0, 0),
        "with an orientation of 999": one_field + struct.pack("<HHIII", 274, 3, 1, 999, 0),
        "that ends at once": b"II*\0",
        "of nothing": b"",
    }
    for name, exif in exifs.items():
        yield Case(
            group,
            f"JPEG with EXIF {name}",
            lambda e=exif: after_start(PLAIN, segment(0xE1, b"Exif\0\0" + e)),
            ANSWERED,
        )
    yield Case(
        group,
        "JPEG with 300 large comments",
        lambda: after_start(PLAIN, segment(0xFE, b"x" * 60_000) * 300),
        ANSWERED,
    )
    yield Case(
        group,
        "JPEG that says it holds more pictures, and lies",
        lambda: after_start(PLAIN, segment(0xE2, b"MPF\0II*\0\x08\0\0\0\xff\xff" + b"\xff" * 999)),
        ANSWERED,
    )
    yield Case(
        group,
        "odd JPEG that says it holds more pictures, and lies",
        lambda: after_start(
            encoded("JPEG", sample(mode="CMYK")),
            segment(0xE2, b"MPF\0II*\0\x08\0\0\0\xff\xff" + b"\xff" * 999),
        ),
        "either",
    )


def _colors() -> Iterator[Case]:
    group = "unusual colors"
    cmyk = encoded("JPEG", sample(mode="CMYK"))
    yield Case(group, "JPEG in CMYK with Adobe's marker", lambda: cmyk, ANSWERED)
    yield Case(group, "JPEG in CMYK without", lambda: without(cmyk, 0xEE), ANSWERED)
    adobe = cmyk.index(b"Adobe") + 11
    yield Case(group, "JPEG in YCCK", lambda: with_byte(cmyk, adobe, 2), ANSWERED)
    yield Case(group, "JPEG of an unknown transform", lambda: with_byte(cmyk, adobe, 77), "either")
    yield Case(group, "JPEG in gray", lambda: encoded("JPEG", sample(mode="L")), ANSWERED)
    yield Case(group, "JPEG in RGB", lambda: encoded("JPEG", keep_rgb=True), ANSWERED)
    yield Case(
        group,
        "JPEG in CMYK under a profile for RGB",
        lambda: after_start(cmyk, in_parts(profile(DISPLAY_P3))),
        ANSWERED,
    )
    at = frame_at(PLAIN)
    for bits in (2, 12, 16, 255):
        yield Case(group, f"JPEG of {bits} bits", lambda b=bits: with_byte(PLAIN, at, b), "either")
    for number in (0, 2, 4, 255):
        yield Case(
            group,
            f"JPEG of {number} components",
            lambda n=number: with_byte(PLAIN, at + 5, n),
            "either",
        )
    for kind in (0xC1, 0xC3, 0xC5, 0xC9, 0xCA, 0xCF):
        yield Case(
            group,
            f"JPEG that calls itself {kind:X}",
            lambda k=kind: with_byte(PLAIN, at - 3, k),
            "either",
        )
    yield Case(group, "JPEG sampled 15 to 1", lambda: with_byte(PLAIN, at + 7, 0xFF), "either")


def _damaged() -> Iterator[Case]:
    for share in (1, 3, 10, 30, 50, 80):
        yield Case(
            "truncated",
            f"JPEG, {share} % of it",
            lambda s=share: PLAIN[: max(4, len(PLAIN) * s // 100)],
            BROKEN,
        )
    yield Case("truncated", "JPEG without its end", lambda: PLAIN[:-2], "either")
    yield Case("damaged", "JPEG without Huffman tables", lambda: stripped(0xC4), "either")
    yield Case("damaged", "JPEG without quantization", lambda: stripped(0xDB), "either")
    tables = PLAIN.index(b"\xff\xc4")
    yield Case(
        "damaged",
        "JPEG with an impossible Huffman table",
        lambda: PLAIN[: tables + 5] + b"\xff" * 16 + PLAIN[tables + 21 :],
        "either",
    )
    quantization = PLAIN.index(b"\xff\xdb")
    yield Case(
        "damaged",
        "JPEG quantized by 0",
        lambda: PLAIN[: quantization + 5] + b"\0" * 64 + PLAIN[quantization + 69 :],
        "either",
    )
    scan = PLAIN.index(b"\xff\xda")
    yield Case(
        "damaged",
        "JPEG with noise for pixels",
        lambda: PLAIN[: scan + 14] + bytes(range(255)) * 9 + PLAIN[-2:],
        "either",
    )
    yield Case(
        "damaged",
        "JPEG in an order turned round",
        lambda: PROGRESSIVE.replace(b"\x00\x3f\x00", b"\x3f\x00\x00"),
        "either",
    )


def stripped(marker: int) -> bytes:
    data = PLAIN
    while bytes([0xFF, marker]) in data[: data.index(b"\xff\xda")]:
        data = without(data, marker)
    return data
