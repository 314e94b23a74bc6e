"""What a picture's colors are, whatever space they were stored in."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageCms

from tests.conftest import encoded
from tests.profiles import ADOBE_RGB, DISPLAY_P3, SRGB, profile
from utils import images
from utils.headers import judge
from utils.headers.srgb import says_srgb

LIMITS = {"max_bytes": 20_000_000, "max_pixels": 50_000_000}


def color_of(data: bytes) -> tuple[int, ...]:
    return tuple(int(value) for value in images.decode(data, **LIMITS)[4, 4])


def plain(color: tuple[int, ...], mode: str = "RGB") -> Image.Image:
    return Image.new(mode, (16, 16), color)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_colors_of_a_wide_space_come_as_screens_show_them(form: str) -> None:
    options = {"JPEG": {"quality": 100, "subsampling": 0}, "WEBP": {"lossless": True}}.get(form, {})
    stored = (200, 100, 80)
    for primaries, gamma in ((DISPLAY_P3, 2.2), (ADOBE_RGB, 2.2), (SRGB, 2.2)):
        icc = profile(primaries, gamma)
        seen = color_of(encoded(plain(stored), form, icc_profile=icc, **options))
        wanted = stored if primaries is SRGB else in_srgb(stored, primaries, gamma)
        assert np.abs(np.subtract(seen, wanted)).max() <= 2, (seen, wanted)


def in_srgb(color: tuple[int, ...], primaries: object, gamma: float) -> np.ndarray:
    """Through XYZ, as IEC 61966-2-1 writes it."""
    xyz = np.transpose(primaries) @ (np.array(color) / 255) ** gamma
    linear = np.clip(np.linalg.inv(np.transpose(SRGB)) @ xyz, 0, 1)
    return 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def test_an_ordinary_jpeg_needs_no_other_process_and_a_wide_one_does() -> None:
    def ordinary(icc: bytes | None) -> bool:
        return judge(encoded(plain((9, 9, 9)), "JPEG", icc_profile=icc), max_pixels=999).ordinary

    real = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert ordinary(None)
    assert ordinary(real)
    assert ordinary(profile())
    assert not ordinary(profile(DISPLAY_P3))
    assert not ordinary(profile(gamma=1.0))
    assert not ordinary(b"no profile at all" * 20)


def test_what_says_srgb_is_within_what_an_eye_can_tell() -> None:
    assert says_srgb(profile())
    assert not says_srgb(profile(ADOBE_RGB))
    assert not says_srgb(profile(gamma=1.8))
    assert not says_srgb(profile(kind=b"GRAY"))
    for end in range(0, len(profile()), 7):
        assert says_srgb(profile()[:end]) in (True, False)


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "CMYK"])
def test_a_profile_of_another_kind_of_picture_changes_nothing_that_can_be_seen(mode: str) -> None:
    picture = plain((120, 120, 120)).convert(mode)
    form = "TIFF" if mode == "CMYK" else "PNG"
    without = color_of(encoded(picture, form))
    for icc in (profile(), b"damaged", profile(DISPLAY_P3)[:200]):
        seen = color_of(encoded(picture, form, icc_profile=icc))
        assert np.abs(np.subtract(seen, without)).max() <= 3


def test_gray_under_a_profile_of_gray_is_converted() -> None:
    data = encoded(plain((100,), "L"), "PNG", icc_profile=profile(gamma=1.0, kind=b"GRAY"))
    red, green, blue = color_of(data)
    assert red == green == blue
    assert red > 150


@pytest.mark.parametrize("target", ["jpeg", "png"])
def test_an_answer_holds_nothing_of_the_file_but_its_pixels(target: str) -> None:
    exif = Image.Exif()
    exif[0x010F] = "a maker whom nobody needs to know"
    exif.get_ifd(0x8825)[2] = (48.0, 8.0, 16.0)
    sent = encoded(
        plain((9, 90, 200)),
        "JPEG",
        exif=exif,
        comment=b"a comment of the sender",
        icc_profile=profile(DISPLAY_P3),
        xmp=b"<x:xmpmeta>where it was</x:xmpmeta>",
    )
    for secret in (b"nobody needs", b"of the sender", b"xmpmeta", b"made by a test", b"Exif"):
        assert secret in sent
    answer = images.encode(images.decode(sent, **LIMITS), target).data  # type: ignore[arg-type]
    for secret in (b"nobody needs", b"of the sender", b"xmpmeta", b"made by a test", b"Exif"):
        assert secret not in answer
    with Image.open(io.BytesIO(answer)) as picture:
        assert not picture.getexif()
        assert set(picture.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
