"""TIFFs: directories by hand."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from tests.hostile.pictures.case import ANSWERED, BROKEN, TOO_LARGE, Case, encoded, sample
from tests.profiles import DISPLAY_P3, profile

PLAIN = encoded("TIFF")
Field = tuple[int, int, int, int]  # tag, type, count, value or offset
SHORT, LONG, UNDEFINED = 3, 4, 7


def directory(fields: list[Field], after: int = 0) -> bytes:
    body = b"".join(struct.pack("<HHII", *field) for field in sorted(fields))
    return struct.pack("<H", len(fields)) + body + struct.pack("<I", after)


def gray(width: int, height: int, pixels_at: int, *more: Field, rows: int = 0) -> list[Field]:
    return [
        (256, LONG, 1, width),
        (257, LONG, 1, height),
        (258, SHORT, 1, 8),
        (259, SHORT, 1, 1),
        (262, SHORT, 1, 1),
        (273, LONG, 1, pixels_at),
        (277, SHORT, 1, 1),
        (278, LONG, 1, rows or height),
        (279, LONG, 1, width * height),
        *more,
    ]


def picture(
    width: int = 16, height: int = 16, *more: Field, after: int = 0, rest: bytes = b""
) -> bytes:
    """A gray picture at 8, its directory behind the pixels, then the rest."""
    pixels = bytes(min(width * height, 4_096))
    start = struct.pack("<2sHI", b"II", 42, 8 + len(pixels))
    return start + pixels + directory(gray(width, height, 8, *more), after) + rest


def end_of(*more: Field) -> int:
    """Where the rest begins in `picture` with as many fields more."""
    return len(picture(16, 16, *more))


def chain(number: int) -> bytes:
    """Directories behind the first, each leading to the next one."""
    at = end_of()
    links = [directory([(256, LONG, 1, 1)], at + 18 * (n + 1)) for n in range(number)]
    return picture(after=at, rest=b"".join(links) + directory([]))


def nested(depth: int) -> bytes:
    """Directories within directories."""
    field = (330, LONG, 1, 0)
    at = end_of(field)
    inner = [directory([(330, LONG, 1, at + 18 * (n + 1))]) for n in range(depth)]
    return picture(16, 16, (330, LONG, 1, at), rest=b"".join(inner) + directory([]))


def cases() -> Iterator[Case]:
    yield from _directories()
    yield from _sizes()
    yield from _others()


def _directories() -> Iterator[Case]:
    group = "directories"
    first = 8 + 256
    yield Case(
        group,
        "TIFF whose directory leads to itself",
        lambda: picture(after=first),
        BROKEN,
        "cyclic_ifds",
    )
    at = end_of()
    yield Case(
        group,
        "TIFF whose second directory leads to the first",
        lambda: picture(after=at, rest=directory([], first)),
        BROKEN,
        "cyclic_ifds",
    )
    yield Case(
        group,
        "TIFF whose second directory leads to itself",
        lambda: picture(after=at, rest=directory([], at)),
        BROKEN,
        "cyclic_ifds",
    )
    for tag, name in ((330, "preview"), (34665, "EXIF"), (34853, "GPS")):
        yield Case(
            group,
            f"TIFF whose {name} is itself",
            lambda t=tag: picture(16, 16, (t, LONG, 1, first)),
            BROKEN,
            "cyclic_ifds",
        )
    yield Case(group, "TIFF of 1,500 directories", lambda: chain(1_500), BROKEN, "too_many_ifds")
    yield Case(group, "TIFF of 100 directories", lambda: chain(100), ANSWERED)
    yield Case(group, "TIFF nested 30 deep", lambda: nested(30), BROKEN, "too_many_ifds")
    yield Case(group, "TIFF nested 3 deep", lambda: nested(3), "either")
    yield Case(
        group,
        "TIFF of 60,000 fields",
        lambda: (
            struct.pack("<2sHI", b"II", 42, 8)
            + struct.pack("<H", 60_000)
            + struct.pack("<HHII", 65_000, SHORT, 1, 1) * 60_000
        ),
        BROKEN,
        "too_many_tags",
    )
    yield Case(
        group,
        "TIFF whose directory is outside",
        lambda: struct.pack("<2sHI", b"II", 42, 2**32 - 1) + bytes(99),
        BROKEN,
        "truncated_header",
    )
    yield Case(
        group,
        "TIFF whose directory is its header",
        lambda: struct.pack("<2sHI", b"II", 42, 0) + bytes(99),
        BROKEN,
    )
    yield Case(
        group, "TIFF that leads outside after the first", lambda: picture(after=2**32 - 1), "either"
    )
    yield Case(
        group,
        "BigTIFF whose directory is outside",
        lambda: struct.pack("<2sHHHQ", b"II", 43, 8, 0, 2**63 - 1) + bytes(99),
        BROKEN,
    )
    yield Case(
        group,
        "BigTIFF with 2^62 fields",
        lambda: struct.pack("<2sHHHQ", b"II", 43, 8, 0, 16) + struct.pack("<Q", 2**62) + bytes(99),
        BROKEN,
        "too_many_tags",
    )
    yield Case(
        group,
        "TIFF with a text of 4 GB",
        lambda: picture(16, 16, (270, 2, 2**32 - 1, 8)),
        BROKEN,
        "metadata_bomb",
    )
    yield Case(
        group,
        "TIFF with a billion strips",
        lambda: (
            struct.pack("<2sHI", b"II", 42, 8)
            + directory(
                [
                    field if field[0] not in (273, 279) else (field[0], LONG, 10**9, 8)
                    for field in gray(16, 16, 8)
                ]
            )
        ),
        BROKEN,
    )


def _sizes() -> Iterator[Case]:
    group = "pixels and sides"
    for width, height, expected, reason in (
        (2**32 - 1, 2**32 - 1, TOO_LARGE, "too_many_pixels"),
        (100_000, 1_000, TOO_LARGE, "too_many_pixels"),
        (70_000, 2, TOO_LARGE, "too_long_side"),
        (0, 16, BROKEN, "zero_size"),
        (16, 0, BROKEN, "zero_size"),
    ):
        yield Case(
            group,
            f"TIFF of {width}x{height}",
            lambda w=width, h=height: picture(w, h) if w * h < 10**6 else _claims(w, h),
            expected,
            reason,
        )
    yield Case(
        group,
        "TIFF of 16x16 in one tile of 4 gigapixels",
        lambda: picture(
            16,
            16,
            (322, LONG, 1, 65_536),
            (323, LONG, 1, 65_536),
            (324, LONG, 1, 8),
            (325, LONG, 1, 256),
        ),
        TOO_LARGE,
        "too_many_pixels",
    )
    yield Case(
        group, "TIFF of 7,000x7,000 without its pixels", lambda: _claims(7_000, 7_000), BROKEN
    )


def _claims(width: int, height: int) -> bytes:
    fields = [
        field if field[0] != 279 else (279, LONG, 1, 4_096) for field in gray(width, height, 8)
    ]
    return struct.pack("<2sHI", b"II", 42, 8 + 4_096) + bytes(4_096) + directory(fields)


def _others() -> Iterator[Case]:
    for compression in ("tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg", "zstd", "lzma"):
        yield Case(
            "usual, for comparison",
            f"TIFF in {compression}",
            lambda c=compression: encoded("TIFF", compression=c),
            ANSWERED,
        )
        yield Case(
            "damaged",
            f"TIFF in {compression} with a hole",
            lambda c=compression: _holed(encoded("TIFF", compression=c)),
            "either",
        )
    for mode in ("CMYK", "L", "RGBA", "LA", "1", "P", "I;16", "F"):
        made = sample(mode="L").convert(mode) if mode in ("I;16", "F") else sample(mode=mode)
        yield Case("unusual colors", f"TIFF in {mode}", lambda p=made: encoded("TIFF", p), ANSWERED)
    yield Case(
        "unusual colors",
        "TIFF in LAB",
        lambda: picture(16, 16).replace(
            struct.pack("<HHII", 262, SHORT, 1, 1), struct.pack("<HHII", 262, SHORT, 1, 8)
        ),
        "either",
    )
    for value, name in ((255, "samples"), (65_535, "samples")):
        yield Case(
            "unusual colors",
            f"TIFF of {value} {name}",
            lambda v=value: picture(16, 16).replace(
                struct.pack("<HHII", 277, SHORT, 1, 1), struct.pack("<HHII", 277, SHORT, 1, v)
            ),
            BROKEN,
        )
    yield Case(
        "metadata",
        "TIFF with a profile",
        lambda: encoded("TIFF", icc_profile=profile(DISPLAY_P3)),
        ANSWERED,
    )
    yield Case(
        "metadata",
        "TIFF with a profile of 4 GB",
        lambda: picture(16, 16, (34675, UNDEFINED, 2**32 - 1, 8)),
        BROKEN,
        "icc_bomb",
    )
    for share in (1, 50, 95):
        yield Case(
            "truncated",
            f"TIFF, {share} % of it",
            lambda s=share: PLAIN[: max(16, len(PLAIN) * s // 100)],
            BROKEN,
        )
    pages = [sample().rotate(n) for n in range(3)]
    yield Case(
        "frames",
        "TIFF of four pages",
        lambda: encoded("TIFF", sample(), save_all=True, append_images=pages),
        ANSWERED,
    )


def _holed(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[: middle - 40] + b"\xa5" * 80 + data[middle + 40 :]
