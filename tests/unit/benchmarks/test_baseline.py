"""The worker of 2020 does what it did; its answers mean nothing, for its weights are random."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from benchmarks.photos import photo

keras = pytest.importorskip("keras", reason="needs TensorFlow: uv sync --group train")

from benchmarks.baseline import networks, worker  # noqa: E402


@pytest.mark.parametrize(
    ("build", "inputs", "classes", "parameters"),
    [
        (networks.mini_xception, (64, 64, 1), 7, 58_423),
        (networks.simple_cnn, (48, 48, 3), 2, 632_978),
    ],
)
def test_the_networks_are_of_the_known_shapes(build, inputs, classes, parameters) -> None:
    network = build()
    assert network.input_shape == (None, *inputs)
    assert network.output_shape == (None, classes)
    assert network.count_params() == parameters


@pytest.mark.parametrize("faces", [1, 3])
def test_each_face_is_asked_about_alone_and_the_answer_is_a_stretched_png(faces: int) -> None:
    asked: list[tuple[int, ...]] = []

    def predict(batch: np.ndarray) -> np.ndarray:
        asked.append(batch.shape)
        assert batch.min() >= -1
        assert batch.max() <= 1
        return np.array([[0.0, 1.0]], np.float32)

    png = worker.Worker(predict, predict).annotated(photo(faces))
    assert asked == [(1, 48, 48, 3), (1, 64, 64, 1)] * faces
    assert png.startswith(b"\x89PNG")
    answer = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    assert answer.shape == (769, 1024, 3)


def test_both_applications_answer() -> None:
    for create in (worker.create, worker.create_charitable):
        answer = create().test_client().post("/classify", data=photo())
        assert (answer.status_code, answer.mimetype) == (200, "image/png")
