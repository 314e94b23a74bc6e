"""However a picture is stored, the label is the same: properties, over the wire."""

from __future__ import annotations

import base64

import cv2
import numpy as np
import pytest
import requests
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from tests.conftest import encoded

# How a picture that EXIF turns has to be stored, so that it stands upright when turned.
STORED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def turned(picture, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(picture.transpose(STORED[orientation]), "JPEG", quality=95, exif=exif)


def sixteen_bits(picture):
    wide = np.asarray(picture).astype(np.uint16) * 257
    return cv2.imencode(".png", wide[:, :, ::-1])[1].tobytes()


def see_through(picture):
    """Opaque where the picture is, with a transparent rim, as a canvas has it."""
    canvas = Image.new("RGBA", (picture.width + 40, picture.height + 40))
    canvas.paste(picture, (20, 20))
    return encoded(canvas, "PNG")


FORMS = {
    "RGBA": lambda picture: encoded(picture.convert("RGBA"), "PNG"),
    "a transparent rim": see_through,
    "palette": lambda picture: encoded(picture.quantize(256), "PNG"),
    "GIF": lambda picture: encoded(picture, "GIF"),
    "CMYK": lambda picture: encoded(picture.convert("CMYK"), "TIFF"),
    "CMYK in a JPEG": lambda picture: encoded(picture.convert("CMYK"), "JPEG", quality=95),
    "16 bits": sixteen_bits,
    "WebP": lambda picture: encoded(picture, "WEBP", quality=90),
    "BMP": lambda picture: encoded(picture, "BMP"),
    **{f"EXIF {number}": lambda p, number=number: turned(p, number) for number in STORED},
}


# Whose pixels are the very same.
LOSSLESS = {"RGBA", "CMYK", "16 bits", "BMP"}
# Mouth and eyes of the photo; upside down the same face looks quite different.
PARTS = [(200, 140, 248, 164), (190, 95, 256, 118)]


@pytest.fixture(scope="module")
def looks(astronaut):
    """The photo as it is, and with an expression that no smile is."""
    smiling, other = Image.fromarray(astronaut), Image.fromarray(astronaut)
    for box in PARTS:
        other.paste(ImageOps.flip(smiling.crop(box)), box[:2])
    return {"smiling": smiling, "other": other}


@pytest.fixture(scope="module")
def seen(doors):
    """What is told of a picture: labels and per cent, the likeliest first."""

    def ask(data):
        fields = {"imgBase64": base64.b64encode(data).decode()}
        answer = requests.post(f"{doors}/face", fields, timeout=30)
        assert answer.status_code == 200, answer.text
        return answer.json()["predictions"]

    return ask


def test_the_looks_are_not_the_same(seen, looks):
    labels = [next(iter(seen(encoded(look, "PNG")))) for look in looks.values()]
    assert labels == ["Happiness", "Anger"]


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=4, deadline=None)
@example(look="other", left=0, top=0, size=512)
@given(
    look=st.just("smiling"),
    left=st.integers(0, 120),
    top=st.integers(0, 40),
    size=st.integers(240, 390),
)
def test_a_stored_form_does_not_change_what_is_seen(form, seen, looks, look, left, top, size):
    picture = looks[look].crop((left, top, left + size, top + size))
    plain, stored = seen(encoded(picture, "PNG")), seen(FORMS[form](picture))
    assert next(iter(stored)) == next(iter(plain))
    if form in LOSSLESS:
        assert stored == plain
