"""The service of 2020: a photo in, its annotated PNG out; see the package's docstring.

gunicorn -k gevent -w 1 'benchmarks.baseline.worker:create()'
"""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

# Before TensorFlow is loaded: its start is no news here.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import cv2
import numpy as np
import tensorflow as tf
from flask import Flask, Response, request
from keras import Model
from numpy.typing import NDArray
from PIL import Image

from benchmarks.baseline import networks

Predict = Callable[[NDArray[np.float32]], NDArray[np.float32]]

_EMOTIONS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
_GENDERS = ("woman", "man")
_COLORS = ((0, 0, 255), (255, 0, 0))
_GENDER_OFFSET_PX = 10
_SENT_WH = (1024, 769)


def create() -> Flask:
    """With `model.predict`, as it was."""
    # Two greenlets inside `predict` break it: what it notes per thread belongs to both.
    lock = threading.Lock()

    def prediction(network: Model) -> Predict:
        def predict(batch: NDArray[np.float32]) -> NDArray[np.float32]:
            with lock:
                return np.asarray(network.predict(batch, verbose=0))

        return predict

    return _app(prediction)


def create_charitable() -> Flask:
    """With a compiled function in its place."""

    def prediction(network: Model) -> Predict:
        compiled = tf.function(lambda batch: network(batch, training=False))
        return lambda batch: np.asarray(compiled(tf.constant(batch)))

    return _app(prediction)


def _app(prediction: Callable[[Model], Predict]) -> Flask:
    worker = Worker(prediction(networks.mini_xception()), prediction(networks.simple_cnn()))
    app = Flask("baseline", static_folder=None)

    @app.post("/classify")
    def classify() -> Response:
        return Response(worker.annotated(request.get_data()), mimetype="image/png")

    return app


class Worker:
    """Finds, names and draws faces one by one."""

    def __init__(self, emotion: Predict, gender: Predict) -> None:
        self._emotion, self._gender = emotion, gender
        data = Path(cv2.__file__).parent / "data"
        self._haar = cv2.CascadeClassifier(str(data / "haarcascade_frontalface_default.xml"))

    def annotated(self, photo: bytes) -> bytes:
        """The PNG with a box and two words for each face of an encoded photo."""
        with tempfile.TemporaryDirectory() as folder:
            came, goes = Path(folder) / "came", Path(folder) / "goes.png"
            came.write_bytes(photo)
            rgb = np.array(Image.open(came).convert("RGB"))
            gray = np.array(Image.open(came).convert("L"))
            for x, y, w, h in self._haar.detectMultiScale(gray, 1.3, 5):
                self._mark(rgb, gray, (x, y, w, h))
            sent = cv2.resize(cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), _SENT_WH)
            cv2.imwrite(str(goes), sent)
            return goes.read_bytes()

    def _mark(self, rgb: Any, gray: Any, box_xywh: tuple[int, int, int, int]) -> None:
        x, y, w, h = box_xywh
        off = _GENDER_OFFSET_PX
        rgb_face = rgb[y - off : y + h + off, x - off : x + w + off]
        gray_face = gray[y : y + h, x : x + w]
        if not rgb_face.size:
            return  # so near the edge that the offset leads out of the picture: it was left out
        gender = _asked(self._gender, rgb_face, networks.GENDER_SHAPE, from_to=(0, 1))
        emotion = _asked(self._emotion, gray_face, networks.EMOTION_SHAPE, from_to=(-1, 1))
        color = _COLORS[gender]
        cv2.rectangle(rgb, (x, y), (x + w, y + h), color, 2)
        for text, above_px in ((_GENDERS[gender], 10), (_EMOTIONS[emotion], 40)):
            place = (int(x), int(y) - above_px)
            cv2.putText(rgb, text, place, cv2.FONT_HERSHEY_SIMPLEX, 1, color, 2, cv2.LINE_AA)


def _asked(
    predict: Predict,
    face: NDArray[np.uint8],
    shape: tuple[int, int, int],
    *,
    from_to: tuple[float, float],
) -> int:
    """The class_id that a network gives to a face, whose pixels it wants between two numbers."""
    low, high = from_to
    small = cv2.resize(face, shape[:2]).astype(np.float32) / 255 * (high - low) + low
    return int(np.argmax(predict(small.reshape(1, *shape))))
