from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

from training.detection.folded import folded
from training.detection.network import face_detector
from training.detection.onnx_graph import save_onnx
from utils.cells import MIDDLE_GRAY, OUTPUTS, centres

pytestmark = pytest.mark.filterwarnings("ignore:.*np.object.*:FutureWarning")


def trained() -> keras.Model:
    """A network whose normalisations have seen something."""
    keras.utils.set_random_seed(3)
    model = face_detector()
    rng = np.random.default_rng(0)
    for layer in model.layers:
        if layer.name.endswith("_norm"):
            gamma, beta, mean, variance = layer.get_weights()
            layer.set_weights(
                [
                    rng.uniform(0.7, 1.3, gamma.shape),
                    rng.normal(0, 0.1, beta.shape),
                    rng.normal(0, 0.1, mean.shape),
                    rng.uniform(0.7, 1.3, variance.shape),
                ]
            )
    return model


def test_it_is_small_and_answers_every_cell_of_pictures_of_any_size() -> None:
    model = face_detector(normalise=False)
    assert model.count_params() <= 100_000
    for height, width in ((32, 64), (96, 320)):
        rows = model(np.zeros((2, height, width, 3), np.float32))
        assert rows.shape == (2, len(centres(height, width)[0]), OUTPUTS)


def test_what_it_compares_with_a_teacher_in_training_is_not_served() -> None:
    model = face_detector(hints=8)
    picture = np.random.default_rng(0).integers(0, 256, (1, 64, 96, 3)).astype(np.float32)
    rows = np.asarray(model(picture))
    assert rows.shape == (1, len(centres(64, 96)[0]), OUTPUTS + 8)
    served = np.asarray(folded(model, 64)(picture))
    np.testing.assert_allclose(served, rows[..., :OUTPUTS], atol=0.02)


def test_a_new_network_holds_nothing_for_a_face() -> None:
    rows = np.asarray(face_detector()(np.full((1, 64, 64, 3), 127, np.float32)))
    assert (1 / (1 + np.exp(-rows[..., 0])) < 0.1).all()


def test_cells_answer_for_their_own_place() -> None:
    """What lies at the far end of a wide picture does not reach the first cells."""
    model = trained()
    plain = np.full((1, 64, 1024, 3), 127, np.float32)
    other = plain.copy()
    other[:, :, 960:] = 255
    changed = np.abs(np.asarray(model(other)) - np.asarray(model(plain))).max(2)[0]
    points, _ = centres(64, 1024)
    assert changed[points[:, 0] < 64].max() == 0
    assert changed[points[:, 0] > 980].max() > 0


def test_folding_changes_no_answer() -> None:
    model = trained()
    picture = np.random.default_rng(1).integers(0, 256, (1, 96, 128, 3)).astype(np.float32)
    served = folded(model, 64)
    assert np.asarray(served(picture)) == pytest.approx(np.asarray(model(picture)), abs=0.05)
    assert not any(layer.name.endswith("_norm") for layer in served.layers)


def test_the_exported_file_answers_as_the_network_does(tmp_path: Path) -> None:
    import onnxruntime

    served = folded(trained(), 64)
    file = tmp_path / "detector.onnx"
    save_onnx(served, file)
    assert file.stat().st_size <= 320_000
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    for height, width in ((64, 64), (96, 160), (320, 256)):
        picture = (
            np.random.default_rng(2).integers(0, 256, (1, height, width, 3)).astype(np.float32)
        )
        batch = picture.transpose(0, 3, 1, 2) - np.float32(MIDDLE_GRAY)
        (rows,) = session.run(["cells"], {"picture": batch})
        answer = np.asarray(served(picture)).transpose(0, 2, 1)
        assert rows == pytest.approx(answer, abs=1e-4)
