"""The least that a photo can cost: each stage as the libraries at hand do it alone.

A network runs in ONNX Runtime with its input laid ready; a picture is decoded and encoded by
OpenCV and by Pillow, whichever is faster; a face is marked with OpenCV's box and its two lines of
plain text. Cutting crops, reading a network's answer and everything else between two stages cost
nothing here, so the floor can be approached and never be reached.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.photos import SIZE_WH
from utils.cells import STRIDES
from utils.detector import FIRST_PX
from utils.manifest import Manifest
from utils.sessions import opened

Act = Callable[[], Any]
_QUALITY = 90


def rivals(data: bytes) -> dict[str, dict[str, Act]]:
    """By stage and library: what is to be timed, for a JPEG of `SIZE_WH` with one face."""
    image_bgr = _by_opencv(data)
    drawn, picture = image_bgr.copy(), Image.fromarray(np.ascontiguousarray(image_bgr[..., ::-1]))
    return {
        "decode": {
            "OpenCV": lambda: _by_opencv(data),
            "Pillow": lambda: np.asarray(Image.open(io.BytesIO(data))),
        },
        "detect": {"ONNX Runtime": _detecting()},
        "classify": {"ONNX Runtime": _classifying()},
        "annotate": {"OpenCV": lambda: _mark(drawn)},
        "encode": {
            "OpenCV": lambda: cv2.imencode(".jpg", image_bgr, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY]),
            "Pillow": lambda: picture.save(
                io.BytesIO(), "JPEG", quality=_QUALITY, subsampling="4:2:0"
            ),
        },
    }


def _by_opencv(data: bytes) -> NDArray[np.uint8]:
    return np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR), np.uint8)


def _mark(image_bgr: NDArray[np.uint8]) -> None:
    cv2.rectangle(image_bgr, (500, 150), (660, 330), (200, 92, 0), 3, cv2.LINE_AA)
    for row, words in enumerate(("happiness 93 %", "woman 97 %")):
        where = (500, 110 + 25 * row)
        cv2.putText(image_bgr, words, where, cv2.FONT_HERSHEY_SIMPLEX, 0.7, (255, 255, 255), 2)


def _detecting() -> Act:
    weights, network = Manifest.load().read_detector()
    height = round(FIRST_PX * SIZE_WH[1] / SIZE_WH[0])
    padded = -(-height // STRIDES[-1]) * STRIDES[-1]
    return _running(weights, network.file, (1, 3, padded, FIRST_PX))


def _classifying() -> Act:
    runs = list(_classifiers(Manifest.load()))
    return lambda: [run() for run in runs]


def _classifiers(manifest: Manifest) -> Iterator[Act]:
    for name, network in manifest.networks.items():
        crop = network.crop
        shape = (1, crop.size_px, crop.size_px, crop.channels)
        yield _running(manifest.read_weights(name), network.file, shape)


def _running(weights: bytes, file: str, shape: tuple[int, ...]) -> Act:
    session = opened(weights, file)
    feed = {session.get_inputs()[0].name: np.zeros(shape, np.float32)}
    return lambda: session.run(None, feed)
