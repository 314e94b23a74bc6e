"""GIF, WebP, BMP, files of two formats, and what is no picture of ours at all.

A long file: a list of cases, each written out.
"""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
from collections.abc import Iterator

from PIL import Image

from tests.hostile.pictures import jpegs, pngs
from tests.hostile.pictures.case import (
    ANSWERED,
    BROKEN,
    NO_IMAGE,
    TOO_LARGE,
    Case,
    encoded,
    sample,
)
from tests.profiles import DISPLAY_P3, profile

GIF, WEBP, BMP = encoded("GIF"), encoded("WEBP"), encoded("BMP")


def cases() -> Iterator[Case]:
    yield from _gifs()
    yield from _webps()
    yield from _bmps()
    yield from _polyglots()
    yield from _no_pictures()


def gif(screen: tuple[int, int], frame: tuple[int, int, int, int], before: bytes = b"") -> bytes:
    """A GIF of two colors whose one frame has a few pixels, whatever it says."""
    start = b"GIF89a" + struct.pack("<HHBBB", *screen, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    descriptor = b"," + struct.pack("<HHHHB", *frame, 0)
    return start + before + descriptor + b"\x02\x02\x4c\x01\0;"


def _gifs() -> Iterator[Case]:
    group = "pixels and sides"
    for screen, frame, expected, reason in (
        ((65_535, 65_535), (0, 0, 1, 1), TOO_LARGE, "too_many_pixels"),
        ((1, 1), (0, 0, 65_535, 65_535), TOO_LARGE, "too_many_pixels"),
        ((1, 1), (65_535, 65_535, 1, 1), TOO_LARGE, "too_many_pixels"),
        ((0, 0), (0, 0, 1, 1), BROKEN, "zero_size"),
        ((4, 4), (0, 0, 0, 0), BROKEN, "zero_size"),
        ((7_000, 7_000), (0, 0, 1, 1), "either", ""),
        ((7_000, 7_000), (0, 0, 7_000, 7_000), "either", ""),
    ):
        yield Case(
            group,
            f"GIF of {screen[0]}x{screen[1]} with a frame of {frame[2]}x{frame[3]} at {frame[0]}",
            lambda s=screen, f=frame: gif(s, f),
            expected,
            reason,
        )
    blocks = b"!\xfe" + b"\x01x" * 1_000_000 + b"\0"
    yield Case(
        "metadata",
        "GIF with a comment of a million blocks",
        lambda: gif((4, 4), (0, 0, 4, 4), blocks),
        BROKEN,
        "too_many_blocks",
    )
    yield Case(
        "metadata",
        "GIF with 20,000 comments",
        lambda: gif((4, 4), (0, 0, 4, 4), b"!\xfe\0" * 20_000),
        BROKEN,
        "too_many_blocks",
    )
    yield Case(
        "metadata",
        "GIF with a loop of comments without an end",
        lambda: GIF[:13] + b"!\xfe\xff",
        BROKEN,
    )
    frames = [sample().rotate(n) for n in range(1, 40)]
    yield Case(
        "frames",
        "GIF of 40 frames",
        lambda: encoded("GIF", sample(), save_all=True, append_images=frames),
        ANSWERED,
    )
    one = b"," + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x4c\x01\0"
    yield Case("frames", "GIF of 300,000 frames", lambda: GIF[:-1] + one * 300_000 + b";", ANSWERED)
    yield Case("frames", "GIF without a frame", lambda: GIF[:13] + b";", BROKEN)
    yield Case(
        "damaged",
        "GIF with codes of 12 bits",
        lambda: GIF.replace(b"\x08\xff", b"\x0c\xff", 1),
        "either",
    )
    yield Case(
        "damaged",
        "GIF with codes of 200 bits",
        lambda: gif((4, 4), (0, 0, 4, 4)).replace(b"\x02\x02\x4c", b"\xc8\x02\x4c"),
        BROKEN,
    )
    for share in (2, 50, 95):
        yield Case(
            "truncated",
            f"GIF, {share} % of it",
            lambda s=share: GIF[: max(16, len(GIF) * s // 100)],
            "either",
        )


def riff(*chunks: bytes) -> bytes:
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def part(kind: bytes, payload: bytes) -> bytes:
    return kind + struct.pack("<I", len(payload)) + payload + b"\0" * (len(payload) % 2)


def canvas(width: int, height: int, flags: int = 0) -> bytes:
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return part(b"VP8X", bytes([flags, 0, 0, 0]) + size)


def _webps() -> Iterator[Case]:
    pixels = WEBP[12:]
    lossless = encoded("WEBP", lossless=True)[12:]
    yield Case("usual, for comparison", "WebP, lossless", lambda: riff(lossless), ANSWERED)
    yield Case(
        "unusual colors",
        "WebP with transparency",
        lambda: encoded("WEBP", sample(mode="RGBA")),
        ANSWERED,
    )
    for width, height in ((16_383 * 4, 16_383 * 4), (2**24, 2**24), (2**24, 1)):
        yield Case(
            "pixels and sides",
            f"WebP on a canvas of {width}x{height}",
            lambda w=width, h=height: riff(canvas(w, h), pixels),
            TOO_LARGE,
        )
    yield Case(
        "pixels and sides",
        "WebP, lossless, of 16,384x16,384",
        lambda: riff(part(b"VP8L", b"\x2f" + b"\xff" * 40)),
        TOO_LARGE,
        "too_many_pixels",
    )
    yield Case(
        "pixels and sides",
        "WebP, lossy, of 16,383x16,383",
        lambda: riff(part(b"VP8 ", b"\x30\x01\0\x9d\x01\x2a" + b"\xff\x3f" * 2 + bytes(40))),
        TOO_LARGE,
        "too_many_pixels",
    )
    yield Case(
        "pixels and sides",
        "WebP, lossy, of 0x0",
        lambda: riff(part(b"VP8 ", b"\x30\x01\0\x9d\x01\x2a" + bytes(44))),
        BROKEN,
        "zero_size",
    )
    yield Case(
        "pixels and sides",
        "WebP on a small canvas, larger itself",
        lambda: riff(canvas(8, 8), pixels),
        BROKEN,
    )
    yield Case(
        "pixels and sides",
        "WebP on a large canvas, small itself",
        lambda: riff(canvas(7_000, 7_000), pixels),
        BROKEN,
    )
    yield Case("pixels and sides", "WebP without a picture", lambda: riff(canvas(8, 8)), BROKEN)
    yield Case("damaged", "WebP without a chunk", riff, BROKEN)
    yield Case(
        "metadata",
        "WebP with a profile of 5 MB",
        lambda: riff(canvas(64, 48, 0x20), part(b"ICCP", bytes(5_000_000)), pixels),
        BROKEN,
        "icc_bomb",
    )
    yield Case(
        "metadata",
        "WebP with a profile",
        lambda: encoded("WEBP", icc_profile=profile(DISPLAY_P3)),
        ANSWERED,
    )
    yield Case(
        "metadata",
        "WebP with EXIF of 2 MB",
        lambda: riff(canvas(64, 48, 8), pixels, part(b"EXIF", bytes(2_000_000))),
        BROKEN,
        "exif_bomb",
    )
    yield Case(
        "metadata",
        "WebP with XMP of 9 MB",
        lambda: riff(canvas(64, 48, 4), pixels, part(b"XMP ", bytes(9_000_000))),
        BROKEN,
        "metadata_bomb",
    )
    yield Case(
        "metadata",
        "WebP with 100,000 unknown chunks",
        lambda: riff(canvas(64, 48), part(b"what", b"") * 100_000, pixels),
        BROKEN,
        "too_many_blocks",
    )
    frames = [sample().rotate(n) for n in range(1, 9)]
    yield Case(
        "frames",
        "WebP of nine frames",
        lambda: encoded("WEBP", sample(), save_all=True, append_images=frames),
        ANSWERED,
    )
    frame = part(b"ANMF", bytes(16) + pixels)
    yield Case(
        "frames",
        "WebP of 3,000 frames",
        lambda: riff(canvas(64, 48, 2), part(b"ANIM", bytes(6)), frame * 3_000),
        BROKEN,
        "too_many_frames",
    )
    for share in (10, 50, 95):
        yield Case(
            "truncated",
            f"WebP, {share} % of it",
            lambda s=share: WEBP[: max(16, len(WEBP) * s // 100)],
            BROKEN,
        )
    middle = len(lossless) // 2
    yield Case(
        "damaged",
        "WebP, lossless, with noise",
        lambda: riff(lossless[:middle] + b"\xa5" * 64 + lossless[middle + 64 :]),
        "either",
    )


def bmp(width: int, height: int, bits: int = 24, compression: int = 0, body: bytes = b"") -> bytes:
    info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, compression, 0, 0, 0, 0, 0)
    offset = 14 + len(info)
    return struct.pack("<2sIHHI", b"BM", offset + len(body), 0, 0, offset) + info + body


def _bmps() -> Iterator[Case]:
    group = "pixels and sides"
    for width, height, expected, reason in (
        (2**31 - 1, 2**31 - 1, TOO_LARGE, "too_many_pixels"),
        (70_000, 1, TOO_LARGE, "too_long_side"),
        (9, -(2**31), TOO_LARGE, "too_many_pixels"),
        (0, 9, BROKEN, "zero_size"),
        (-9, 9, BROKEN, "zero_size"),
        (7_000, 7_000, BROKEN, "damaged"),
    ):
        yield Case(
            group, f"BMP of {width}x{height}", lambda w=width, h=height: bmp(w, h), expected, reason
        )
    yield Case(group, "BMP, upside down", lambda: bmp(4, -4, body=bytes(48)), ANSWERED)
    yield Case(
        "damaged",
        "BMP of three million runs",
        lambda: bmp(7_000, 7_000, 8, 1, bytes(1024) + b"\x01\x07" * 3_000_000),
        TOO_LARGE,
        "rle_bomb",
    )
    yield Case(
        "damaged",
        "BMP of 900,000 runs",
        lambda: bmp(1_000, 1_000, 8, 1, bytes(1024) + b"\x01\x07" * 900_000),
        "either",
    )
    yield Case(
        "damaged",
        "BMP whose runs leave the picture",
        lambda: bmp(16, 16, 8, 1, bytes(1024) + b"\0\x02\xff\xff" * 999 + b"\0\1"),
        "either",
    )
    for bits in (0, 2, 5, 64, 65_535):
        yield Case(
            "damaged", f"BMP of {bits} bits", lambda b=bits: bmp(4, 4, b, body=bytes(99)), BROKEN
        )
    for compression in (2, 3, 4, 5, 77):
        yield Case(
            "damaged",
            f"BMP in compression {compression}",
            lambda c=compression: bmp(4, 4, 24, c, bytes(99)),
            "either",
        )
    yield Case(
        "damaged",
        "BMP with a header of 4 GB",
        lambda: BMP[:14] + b"\xff\xff\xff\xff" + BMP[18:],
        BROKEN,
    )
    yield Case(
        "damaged",
        "BMP with a header of 13 bytes",
        lambda: BMP[:14] + b"\x0d\0\0\0" + BMP[18:],
        BROKEN,
        "bad_segment",
    )
    yield Case(
        "damaged",
        "BMP whose pixels are elsewhere",
        lambda: BMP[:10] + b"\xff\xff\xff\x7f" + BMP[14:],
        BROKEN,
    )
    for share in (20, 60):
        yield Case(
            "truncated", f"BMP, {share} % of it", lambda s=share: BMP[: len(BMP) * s // 100], BROKEN
        )


def zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("index.html", "<script>alert(1)</script>")
    return buffer.getvalue()


def _polyglots() -> Iterator[Case]:
    group = "polyglots"
    script = b"<html><script>alert(1)</script></html>"
    for name, more in (
        ("a zip archive", zipped()),
        ("a web page", script),
        ("PHP", b"<?php system($_GET['c']); ?>"),
        ("a PNG", pngs.PLAIN),
        ("another JPEG", jpegs.PLAIN),
        ("a PDF", b"%PDF-1.7 1 0 obj"),
        ("5 MB of zeros", bytes(5_000_000)),
    ):
        yield Case(group, f"a JPEG, and {name} behind it", lambda m=more: jpegs.PLAIN + m, ANSWERED)
        yield Case(group, f"a PNG, and {name} behind it", lambda m=more: pngs.PLAIN + m, ANSWERED)
    yield Case(group, "a GIF, and a zip archive behind it", lambda: GIF + zipped(), ANSWERED)
    yield Case(
        group,
        "a page in a comment of a JPEG",
        lambda: jpegs.after_start(jpegs.PLAIN, jpegs.segment(0xFE, script)),
        ANSWERED,
    )
    yield Case(
        group,
        "a page in a text of a PNG",
        lambda: pngs.with_chunks(pngs.chunk(b"tEXt", b"Comment\0" + script)),
        ANSWERED,
    )
    yield Case(
        group, "a GIF that is a script", lambda: b"GIF89a=1;alert(1)//" + bytes(99), TOO_LARGE
    )
    yield Case(group, "a BMP that is a script", lambda: b"BM=1;alert(1)//" + bytes(99), "either")
    yield Case(group, "a page, and a JPEG behind it", lambda: script + jpegs.PLAIN, NO_IMAGE)
    yield Case(
        group, "a PNG that calls itself a JPEG", lambda: jpegs.PLAIN[:3] + pngs.PLAIN, BROKEN
    )
    yield Case(group, "a JPEG that calls itself a PNG", lambda: pngs.START + jpegs.PLAIN, BROKEN)


def boxes(*brands: bytes) -> bytes:
    body = b"ftyp" + brands[0] + bytes(4) + b"".join(brands)
    return struct.pack(">I", len(body) + 4) + body + bytes(200)


def _no_pictures() -> Iterator[Case]:
    group = "no pictures"
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    entity = b'<?xml version="1.0"?><!DOCTYPE s [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>' + svg
    for name, data, reason in (
        ("SVG with a script", svg, "svg"),
        ("SVG with entities", entity, "svg"),
        ("SVG after a byte order mark", b"\xef\xbb\xbf \n" + svg, "svg"),
        ("SVG, packed", gzip.compress(svg), "not_an_image"),
        ("PDF", b"%PDF-1.7\n1 0 obj << >>", "pdf"),
        ("HEIC", boxes(b"heic", b"mif1"), "heic"),
        ("HEIF", boxes(b"mif1", b"heic"), "heic"),
        ("AVIF", boxes(b"avif", b"mif1"), "avif"),
        ("AVIF by its second brand", boxes(b"mif1", b"avif"), "avif"),
        ("MP4", boxes(b"isom", b"mp42"), "video"),
        ("WebM", b"\x1a\x45\xdf\xa3" + bytes(99), "video"),
        ("JPEG XL", b"\xff\x0a" + bytes(99), "jxl"),
        ("JPEG XL in boxes", b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(99), "jxl"),
        ("JPEG 2000", b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(99), "jpeg2000"),
        ("PostScript", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not_an_image"),
        ("Photoshop", b"8BPS\0\1" + bytes(99), "not_an_image"),
        ("an icon", b"\0\0\1\0\1\0" + bytes(99), "not_an_image"),
        ("a zip archive", zipped(), "not_an_image"),
        ("a program", b"\x7fELF\2\1\1" + bytes(99), "not_an_image"),
        ("a pickle", b"\x80\x04cos\nsystem\n(S'true'\ntR.", "not_an_image"),
        ("MVG", b"push graphic-context\nimage over 0,0 0,0 'https://127.0.0.1/'", "not_an_image"),
        ("a page", b"<!doctype html><html><body>hello", "not_an_image"),
        ("zeros", bytes(1_000), "not_an_image"),
        ("one byte", b"\xff", "not_an_image"),
    ):
        yield Case(group, name, lambda d=data: d, NO_IMAGE, reason)
    for form in ("TGA", "PCX", "ICO", "PPM", "SGI", "DDS"):
        yield Case(
            group,
            f"{form}, which Pillow would read",
            lambda f=form: encoded(f, Image.new("RGB", (32, 32))),
            NO_IMAGE,
            "not_an_image",
        )
    for beginning, name in (
        (b"\xff\xd8\xff", "JPEG"),
        (pngs.START, "PNG"),
        (b"GIF89a", "GIF"),
        (b"BM", "BMP"),
        (b"II*\0", "TIFF"),
        (b"RIFF\4\0\0\0WEBP", "WebP"),
    ):
        yield Case(
            "truncated",
            f"the first bytes of a {name} and nothing else",
            lambda b=beginning: b,
            BROKEN,
        )
