from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from tests.conftest import encoded
from utils import images
from utils.errors import ImageBroken, ImageTooLarge, NotAnImage

LIMITS = {"max_bytes": 20_000_000, "max_pixels": 50_000_000}


def decode(data: bytes) -> np.ndarray:
    return images.decode(data, **LIMITS)


def gradient(width: int = 40, height: int = 30) -> np.ndarray:
    x, y = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    return np.stack([x, y, 255 - x], 2).astype(np.uint8)


@pytest.mark.parametrize("form", ["PNG", "BMP", "TIFF", "GIF", "WEBP", "JPEG"])
def test_every_format_comes_back_as_the_same_rgb(form: str) -> None:
    options = {"lossless": True} if form == "WEBP" else {}
    seen = decode(encoded(gradient(), form, **options))
    assert seen.shape == (30, 40, 3)
    assert seen.dtype == np.uint8
    loss = {"JPEG": 8, "GIF": 8}.get(form, 0)
    assert np.abs(seen.astype(int) - gradient()).mean() <= loss


def test_exif_orientation_turns_the_picture() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    seen = decode(encoded(gradient(), "JPEG", exif=exif))
    assert seen.shape == (40, 30, 3)


@pytest.mark.parametrize("form", ["JPEG", "MPO", "WEBP", "PNG", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_whichever_library_decodes_the_pixels_are_those_of_pillow(
    form: str, orientation: int
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(gradient(), form, exif=exif)
    with Image.open(io.BytesIO(data)) as picture:
        assert (decode(data) == np.asarray(ImageOps.exif_transpose(picture))).all()


@pytest.mark.parametrize(
    "options", [{"progressive": True}, {"subsampling": 0}, {"keep_rgb": True}, {"quality": 5}]
)
def test_every_kind_of_jpeg_has_the_pixels_of_pillow(options: dict[str, int]) -> None:
    for mode in ("RGB", "L"):
        data = encoded(Image.fromarray(gradient(37, 29)).convert(mode), "JPEG", **options)
        with Image.open(io.BytesIO(data)) as picture:
            assert (decode(data) == np.asarray(picture.convert("RGB"))).all()


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_damaged_exif_does_not_cost_a_sound_picture() -> None:
    data = encoded(gradient(), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    assert decode(data).shape == (30, 40, 3)


def test_transparency_is_laid_on_white() -> None:
    picture = Image.new("RGBA", (8, 8), (255, 0, 0, 0))
    assert (decode(encoded(picture, "PNG")) == 255).all()


def test_a_palette_with_transparency_is_laid_on_white() -> None:
    picture = Image.new("P", (8, 8), 0)
    picture.putpalette([10, 20, 30] * 256)
    assert (decode(encoded(picture, "PNG", transparency=0)) == 255).all()


def test_cmyk_becomes_rgb() -> None:
    seen = decode(encoded(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "JPEG"))
    assert seen[4, 4, 0] > 200
    assert seen[4, 4, 1] < 60


def test_sixteen_bit_gray_keeps_its_range() -> None:
    values = np.linspace(0, 65535, 64).reshape(8, 8).astype(np.uint16)
    seen = decode(encoded(values, "PNG"))
    assert (seen[0, 0] == 0).all()
    assert (seen[-1, -1] == 255).all()


def test_float_gray_is_stretched_to_its_own_range() -> None:
    values = np.linspace(-5, 5, 64).reshape(8, 8).astype(np.float32)
    seen = decode(encoded(Image.fromarray(values), "TIFF"))
    assert (int(seen[0, 0, 0]), int(seen[-1, -1, 0])) == (0, 255)


def test_an_animation_gives_its_first_frame() -> None:
    first, second = Image.new("RGB", (8, 8), "red"), Image.new("RGB", (8, 8), "blue")
    data = encoded(first, "GIF", save_all=True, append_images=[second])
    assert tuple(decode(data)[0, 0]) == (255, 0, 0)


def test_too_many_bytes_are_refused() -> None:
    with pytest.raises(ImageTooLarge):
        images.decode(b"x" * 11, max_bytes=10, max_pixels=100)


def test_too_many_pixels_are_refused_from_the_header_alone() -> None:
    header_only = encoded(gradient(2000, 2000), "PNG")[:100]
    with pytest.raises(ImageTooLarge, match="2000x2000") as caught:
        images.decode(header_only, max_bytes=1000, max_pixels=1_000_000)
    assert "2000 x 2000" in caught.value.public_sentence


@pytest.mark.parametrize("data", [b"", b"hello, not a picture", b"%PDF-1.4 ", b"<svg></svg>"])
def test_what_is_no_picture_is_said_to_be_none(data: bytes) -> None:
    with pytest.raises(NotAnImage):
        decode(data)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_a_truncated_picture_is_broken(form: str) -> None:
    data = encoded(np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8), form)
    with pytest.raises(ImageBroken):
        decode(data[: len(data) // 2])


def test_a_header_that_breaks_the_parser_is_broken_or_no_picture() -> None:
    data = bytearray(encoded(gradient(), "PNG"))
    data[16:24] = b"\xff" * 8
    with pytest.raises((ImageBroken, NotAnImage, ImageTooLarge)):
        decode(bytes(data))


@pytest.mark.parametrize("form", ["jpeg", "png"])
def test_encode_gives_a_picture_of_the_same_size_without_metadata(form: str) -> None:
    picture = images.encode(gradient(), form)
    with Image.open(io.BytesIO(picture.data)) as seen:
        assert seen.size == (40, 30)
        assert seen.format == form.upper()
        assert not seen.getexif()
    assert picture.mime == f"image/{form}"


def test_png_keeps_every_pixel_in_its_channel() -> None:
    assert (decode(images.encode(gradient(), "png").data) == gradient()).all()


def test_a_wide_picture_is_shrunk_to_what_a_chat_takes() -> None:
    picture = images.encode_for_chat(np.zeros((4000, 9000, 3), np.uint8))
    with Image.open(io.BytesIO(picture.data)) as seen:
        assert sum(seen.size) <= 10_000
        assert abs(seen.size[0] / seen.size[1] - 9000 / 4000) < 0.01
    assert not picture.as_document


def test_a_heavy_picture_is_shrunk_below_ten_megabytes() -> None:
    noise = np.random.default_rng(0).integers(0, 255, (3000, 4000, 3), np.uint8)
    assert len(images.encode_for_chat(noise).data) <= 10_000_000


def test_a_very_long_picture_goes_as_a_document() -> None:
    assert images.encode_for_chat(np.zeros((10, 300, 3), np.uint8)).as_document


def test_the_photographs_of_the_pack_all_decode(packs: Path) -> None:
    for path in sorted((packs / "photos").glob("*.*")):
        if path.suffix != ".csv":
            assert decode(path.read_bytes()).ndim == 3


def test_the_broken_files_of_the_pack_are_answered_as_what_they_are(packs: Path) -> None:
    broken = packs / "photos" / "broken"
    for name, kind in (("empty.jpg", NotAnImage), ("not_an_image.jpg", NotAnImage)):
        with pytest.raises(kind):
            decode((broken / name).read_bytes())
    with pytest.raises(ImageBroken):
        decode((broken / "truncated.jpg").read_bytes())
    assert decode((broken / "jpeg_named.png").read_bytes()).ndim == 3
