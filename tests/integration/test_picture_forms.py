"""However a picture is stored, the label is the same: properties, over the wire."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import requests
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PIL import Image

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


@pytest.fixture(scope="module")
def label_of(doors):
    """The label of a picture, by the route that answers with one word."""

    def ask(data):
        answer = requests.post(f"{doors}/", files={"imgData": ("blob", data)}, timeout=30)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return ask


@pytest.mark.parametrize("form", FORMS)
@settings(
    max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@example(left=0, top=0, size=512)
@given(left=st.integers(0, 120), top=st.integers(0, 40), size=st.integers(240, 390))
def test_a_stored_form_does_not_change_the_label(form, label_of, astronaut, left, top, size):
    picture = Image.fromarray(astronaut).crop((left, top, left + size, top + size))
    assert label_of(FORMS[form](picture)) == label_of(encoded(picture, "PNG"))
