from __future__ import annotations

import io

import pytest
from PIL import Image

from playground import pictures
from playground.pictures import PictureRefused, check_upload, photo_sizes
from tests.unit.playground.conftest import picture


def opened(size):
    return Image.open(io.BytesIO(size.data))


def test_a_large_photo_gets_the_four_copies_of_telegram():
    sizes = photo_sizes(picture((2560, 1920)))
    assert [(size.width, size.height) for size in sizes] == [
        (90, 68),
        (320, 240),
        (800, 600),
        (1280, 960),
    ]
    assert all(opened(size).format == "JPEG" for size in sizes)
    assert all(opened(size).size == (size.width, size.height) for size in sizes)


def test_a_small_photo_is_not_enlarged():
    assert [(s.width, s.height) for s in photo_sizes(picture((200, 100)))] == [(90, 45), (200, 100)]


def test_a_tiny_photo_has_one_copy():
    assert [(s.width, s.height) for s in photo_sizes(picture((48, 48)))] == [(48, 48)]


def test_a_photo_is_turned_upright():
    image, out = Image.new("RGB", (400, 200)), io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    image.save(out, "JPEG", exif=exif)
    largest = photo_sizes(out.getvalue())[-1]
    assert (largest.width, largest.height) == (200, 400)
    assert not opened(largest).getexif()


def test_transparency_becomes_white():
    out = io.BytesIO()
    Image.new("RGBA", (100, 100), (0, 0, 0, 0)).save(out, "PNG")
    assert min(opened(photo_sizes(out.getvalue())[-1]).getpixel((50, 50))) > 250


def test_bytes_that_are_no_picture_are_refused():
    for check in (check_upload, photo_sizes):
        with pytest.raises(PictureRefused, match="IMAGE_PROCESS_FAILED"):
            check(b"not a picture")


def test_a_cut_off_picture_is_refused():
    noise = io.BytesIO()
    Image.effect_noise((300, 300), 80).save(noise, "JPEG")
    with pytest.raises(PictureRefused, match="IMAGE_PROCESS_FAILED"):
        photo_sizes(noise.getvalue()[: len(noise.getvalue()) // 2])


@pytest.mark.parametrize("size", [(9000, 1001), (2100, 100), (100, 2100)])
def test_sides_that_telegram_refuses_are_refused(size):
    with pytest.raises(PictureRefused, match="PHOTO_INVALID_DIMENSIONS"):
        check_upload(picture(size, "PNG"))


@pytest.mark.parametrize("size", [(8000, 2000), (2000, 100)])
def test_sides_at_the_limit_are_fine(size):
    check_upload(picture(size, "PNG"))


def test_a_person_cannot_send_a_ribbon_as_a_photo():
    with pytest.raises(PictureRefused, match="PHOTO_INVALID_DIMENSIONS"):
        photo_sizes(picture((2100, 100), "PNG"))


def test_a_person_cannot_send_a_giant_as_a_photo(monkeypatch):
    monkeypatch.setattr(pictures, "_MAX_PERSON_PIXELS", 99)
    with pytest.raises(PictureRefused, match="PHOTO_INVALID_DIMENSIONS"):
        photo_sizes(picture((10, 10)))


def test_more_than_ten_megabytes_are_refused_in_telegrams_words():
    data = picture() + b"\0" * pictures.MAX_PHOTO_BYTES
    with pytest.raises(PictureRefused) as caught:
        check_upload(data)
    assert caught.value.reason == (
        f"file of size {len(data)} bytes is too big for a photo; the maximum size is 10485760 bytes"
    )
