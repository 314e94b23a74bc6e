"""For Schemathesis, loaded by its command line (`SCHEMATHESIS_HOOKS`): what a picture is.

Half of what it takes for one is one. SCHEMATHESIS_PICTURE is a URL that leads to one.
"""

from __future__ import annotations

import base64
import io
import os

import schemathesis
from hypothesis import strategies as st
from PIL import Image

from tests.conftest import encoded
from utils.settings import ROOT

_PHOTO = (ROOT / "playground" / "static" / "sample.jpg").read_bytes()
_FACE = Image.open(io.BytesIO(_PHOTO)).crop((166, 62, 286, 182)).resize((48, 48))
# By name: Hypothesis would write the bytes themselves into its log.
_KNOWN = {
    "photo": _PHOTO,
    "half a photo": _PHOTO[:2000],
    "face": encoded(_FACE, "JPEG", quality=50),
}
_PICTURES = st.binary() | st.sampled_from(list(_KNOWN)).map(lambda name: _KNOWN[name])
_TINY = st.binary(max_size=1000) | st.just("face").map(lambda name: _KNOWN[name])
_URLS = st.just(os.environ["SCHEMATHESIS_PICTURE"]) | st.sampled_from(
    ["http://10.0.0.1/a.jpg", "http://127.0.0.1:1/", "ftp://127.0.0.1/a", "https://user@a.example/"]
)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


schemathesis.openapi.media_type("image/*", _PICTURES, aliases=["application/octet-stream"])
schemathesis.openapi.format("base64-picture", _PICTURES.map(_base64))
schemathesis.openapi.format("base64-tiny", _TINY.map(_base64))
schemathesis.openapi.format("uri", _URLS)
