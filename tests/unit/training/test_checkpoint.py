from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

from training import history
from training.architectures import copy_trunk, layer_weights, mini_resnet
from training.checkpoint import keep

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*np.object.*:FutureWarning"),
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't:DeprecationWarning"),
]


def network() -> keras.Model:
    return mini_resnet(size_px=16, channels=1, heads={"emotion": 3}, blocks=((32, 1), (80, 2)))


def test_a_run_goes_on_from_its_checkpoint_on_another_machine(tmp_path: Path) -> None:
    run = tmp_path / "runs" / "emotion"
    keras.utils.set_random_seed(1)
    model = network()
    history.begin(run, "", ["--name", "emotion"])
    (run / "log.jsonl").write_text('{"epoch": 1, "seconds": 7200}\n')
    model.save(run / "average.keras")
    file = keep(run, tmp_path / "kept")
    assert file == tmp_path / "kept" / "emotion" / "average.npz"
    assert file.stat().st_size < 0.7 * (run / "average.keras").stat().st_size

    keras.utils.set_random_seed(2)
    other = network()
    copy_trunk(layer_weights(str(file)), other)
    faces = np.random.default_rng(0).normal(0, 1, (2, 16, 16, 1)).astype(np.float32)
    expected = np.asarray(model(faces)["emotion"])
    assert np.asarray(other(faces)["emotion"]) == pytest.approx(expected, abs=5e-3)

    history.begin(tmp_path / "elsewhere" / "emotion-2", str(file), ["--name", "emotion-2"])
    told = history.training_of(tmp_path / "elsewhere" / "emotion-2")
    assert told["hours"] == 2.0
    assert len(told["commands"]) == 2
