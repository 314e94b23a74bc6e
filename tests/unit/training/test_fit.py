"""The training loop on networks of a few thousand parameters."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from tests.unit.training.test_augmentation import STILL
from training import fit, train_emotion
from training.augmentation import Augmentation
from training.averaging import Averaged, NotANumber
from training.batches import Batches, clean_input
from training.command import command
from training.config import Head, TrainConfig
from training.datasets import Faces
from training.groups import group_weights
from training.optimizer import ConvMuon
from utils.preprocessor import CropSpec

# From inside Keras, on import and at every batch.
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*np.object.*:FutureWarning"),
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't:DeprecationWarning"),
]

TINY = TrainConfig(
    name="tiny",
    crop=CropSpec(size_px=16, color="gray", margin=0.0),
    heads={"shade": Head(classes=2), "side": Head(classes=3, weight=0.5, label_smoothing=0.1)},
    epochs=3,
    decay_epochs=1,
    batch=8,
    stem=4,
    blocks=((8, 2),),
    augmentation=Augmentation(erase_share=0.1),
)
GROUPS = replace(TINY, group_robustness=0.5)


def faces(n: int = 48, seed: int = 0) -> Faces:
    """Dark and bright squares; two questions about them."""
    rng = np.random.default_rng(seed)
    shade = np.arange(n) % 2
    level = 60 + 120 * shade[:, None, None]
    images = np.clip(rng.normal(level, 20, (n, 16, 16)), 0, 255).astype(np.uint8)
    targets = {
        "shade": np.eye(2, dtype=np.float32)[shade],
        "side": np.eye(3, dtype=np.float32)[np.arange(n) % 3],
    }
    return Faces(images, targets, shade.astype(np.int64))


class Interrupted(Exception):
    """Stands for a killed process."""


def log(folder: Path) -> list[dict[str, float]]:
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    return [{k: v for k, v in line.items() if k != "seconds"} for line in lines]


def run(folder: Path, config: TrainConfig = TINY) -> list[dict[str, float]]:
    fit.train(config, faces(), faces(24, seed=1), folder)
    return log(folder / config.name)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nobody interrupted."""
    folder = tmp_path_factory.mktemp("whole")
    run(folder, GROUPS)
    return folder / "tiny"


def interrupt(monkeypatch: pytest.MonkeyPatch, method: str, epoch: int, *, after: bool) -> None:
    """Let the process die in a callback's method, once, at a number of epochs."""
    original = getattr(Averaged, method)

    def dying(self: Averaged, number: int, logs: object = None) -> None:
        if after:
            original(self, number, logs)
        now = number if method == "on_epoch_begin" else self.batches.epoch
        if now == epoch and (method != "on_train_batch_end" or number == 3):
            raise Interrupted
        if not after:
            original(self, number, logs)

    monkeypatch.setattr(Averaged, method, dying)


def weights(folder: Path) -> list[np.ndarray]:
    return keras.saving.load_model(folder / "average.keras", compile=False).get_weights()


@pytest.mark.parametrize(
    ("method", "epoch", "cut_off"),
    [
        ("on_train_batch_end", 1, False),
        ("on_epoch_end", 1, False),  # the average and its line are written, Keras's state is not
        ("on_epoch_begin", 2, True),  # the process died while it wrote Keras's state
    ],
)
def test_an_interrupted_run_goes_on_with_the_same_curve(
    whole: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    epoch: int,
    cut_off: bool,
) -> None:
    with monkeypatch.context() as patched:
        interrupt(patched, method, epoch, after=method == "on_epoch_end")
        with pytest.raises(Interrupted):
            run(tmp_path, GROUPS)
    if cut_off:
        state = tmp_path / "tiny" / "resume" / "latest.weights.h5"
        state.write_bytes(state.read_bytes()[:1000])
    assert run(tmp_path, GROUPS) == log(whole)
    for ours, theirs in zip(weights(whole), weights(tmp_path / "tiny"), strict=True):
        assert np.allclose(ours, theirs, atol=1e-5)


def test_a_finished_run_learned_something_and_is_left_alone(whole: Path) -> None:
    assert [line["epoch"] for line in log(whole)] == [1, 2, 3]
    assert log(whole)[-1]["val_shade"] == 1
    assert log(whole)[-1]["loss"] < log(whole)[0]["loss"]
    before = (whole / "average.keras").read_bytes()
    assert run(whole.parent, GROUPS) == log(whole)
    assert (whole / "average.keras").read_bytes() == before


def test_a_stored_configuration_builds_the_same_network(whole: Path) -> None:
    stored = TrainConfig.from_dict(json.loads((whole / "config.json").read_text()))
    assert stored == GROUPS
    shapes = [array.shape for array in fit.build(stored).get_weights()]
    assert shapes == [array.shape for array in weights(whole)]


def test_a_loss_that_is_no_number_stops_with_step_and_rate(tmp_path: Path) -> None:
    broken = faces()
    broken.targets["shade"][:] = np.nan
    sentence = r"tiny: the loss is nan at epoch 1, step 1, learning rate 0\.0\d+; .*--learning-rate"
    with pytest.raises(NotANumber, match=sentence):
        fit.train(TINY, broken, faces(24), tmp_path)
    assert not (tmp_path / "tiny" / "average.keras").exists()


def test_a_command_whose_loss_breaks_ends_with_the_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def diverging(*_: object) -> Path:
        raise NotANumber("tiny: the loss is nan")

    monkeypatch.setattr("training.command.train", diverging)
    with pytest.raises(SystemExit, match="the loss is nan") as end:
        command(None, TINY, lambda _: (faces(), faces()), ["--data", "x", "--runs", str(tmp_path)])
    assert end.value.__suppress_context__


def test_heads_that_the_data_cannot_answer_are_left_out(tmp_path: Path) -> None:
    both, small = faces(), faces(24)
    only = [replace(part, targets={"shade": part.targets["shade"]}) for part in (both, small)]
    config = replace(TINY, epochs=1, decay_epochs=1)
    command(None, config, lambda _: (only[0], only[1]), ["--data", "x", "--runs", str(tmp_path)])
    stored = TrainConfig.from_dict(json.loads((tmp_path / "tiny" / "config.json").read_text()))
    assert list(stored.heads) == ["shade"]
    assert "val_side" not in log(tmp_path / "tiny")[0]


def test_fewer_pictures_than_a_batch_are_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="7 pictures to train on, fewer than one batch of 8"):
        command(
            None, TINY, lambda _: (faces(7), faces(24)), ["--data", "x", "--runs", str(tmp_path)]
        )


def test_a_bad_data_set_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="is missing") as end:
        command(None, train_emotion.CONFIG, train_emotion.load, ["--data", str(tmp_path)])
    assert end.value.__suppress_context__


def test_the_rate_rises_stays_and_falls_to_nothing() -> None:
    schedule = fit.Schedule(0.02, warmup=10, fall_from=60, steps=100)
    rates = np.array([float(schedule(step)) for step in range(101)])
    assert rates[0] == pytest.approx(0.002)
    assert rates[9:61] == pytest.approx(0.02)
    assert (np.diff(rates[:10]) > 0).all()
    assert np.diff(rates[60:]) == pytest.approx(-0.02 / 40, rel=1e-3)
    assert rates[100] == 0
    assert float(fit.Schedule.from_config(schedule.get_config())(80)) == pytest.approx(0.01)


def test_what_a_batch_holds_depends_on_the_seed_and_the_epoch_alone() -> None:
    first, second = Batches(faces(), TINY), Batches(faces(), TINY)
    assert (first[1][0] == second[1][0]).all()
    assert (first[0][0] != second[1][0]).any()
    second.epoch = 1
    assert (first[1][0] != second[1][0]).any()
    other = Batches(faces(), replace(TINY, seed=1))
    assert (first[1][0] != other[1][0]).any()


def test_every_picture_comes_once_an_epoch_with_its_own_targets() -> None:
    batches = Batches(faces(), replace(TINY, augmentation=STILL))
    pictures, targets = zip(*[batches[i][:2] for i in range(len(batches))], strict=True)
    every = np.concatenate(pictures)
    assert len({np.sort(picture, axis=None).tobytes() for picture in every}) == 48
    means = every.mean((1, 2, 3))
    shade = np.concatenate([target["shade"] for target in targets])
    assert ((means > 0) == (shade[:, 1] == 1)).all()


def test_mixup_mixes_pictures_and_targets_alike() -> None:
    batch, targets, _ = Batches(faces(), replace(TINY, augmentation=STILL, mixup=1.0))[0]
    share = targets["shade"][:, 1]
    assert ((share > 0.01) & (share < 0.99)).any()
    assert targets["side"].sum(1) == pytest.approx(1)
    # Dark is 60, bright is 180: the mixed level tells the share.
    level = (batch.mean((1, 2, 3)) + 1) * 127.5
    assert (level - 60) / 120 == pytest.approx(share, abs=0.08)


def test_training_scales_as_serving_does() -> None:
    clean = clean_input(faces().images, TINY.crop)
    batch, targets, _ = Batches(faces(), replace(TINY, augmentation=STILL))[0]
    assert targets["shade"].shape == (8, 2)
    known = {picture.tobytes() for one in (clean, clean[:, :, ::-1]) for picture in one}
    assert all(picture.tobytes() in known for picture in batch)


def test_a_group_with_more_errors_counts_more_within_bounds() -> None:
    group = np.repeat([0, 1, 2], [500, 400, 100])
    wrong = np.zeros(1000, bool)
    wrong[:25], wrong[500:540], wrong[900:980] = True, True, True
    weigh = group_weights(wrong, group, group, 1.0)
    of_group = [float(weigh[group == g][0]) for g in range(3)]
    assert of_group[0] < of_group[1] < of_group[2]
    assert weigh.mean() == pytest.approx(1, abs=1e-5)
    assert of_group[2] / of_group[0] == pytest.approx(4, rel=0.01)  # a half to twice
    assert group_weights(wrong, group, group, 0.0) == pytest.approx(1)


def test_a_group_of_which_the_sample_holds_nothing_counts_as_the_mean() -> None:
    group = np.array([0] * 50 + [1] * 50 + [2])
    weigh = group_weights(np.tile([True, False], 50), group[:100], group, 1.0)
    assert weigh == pytest.approx(1, abs=1e-5)


def test_muon_turns_kernels_and_leaves_the_rest_to_adamw() -> None:
    optimizer = ConvMuon(0.1, weight_decay=0.0, adam_weight_decay=None)
    rng = np.random.default_rng(0)
    kernel = keras.Variable(rng.normal(size=(3, 3, 4, 8)).astype(np.float32), name="kernel")
    bias = keras.Variable(np.zeros(8, np.float32), name="bias")
    before = np.array(kernel)
    optimizer.build([kernel, bias])
    gradients = [rng.normal(size=variable.shape).astype(np.float32) for variable in (kernel, bias)]
    optimizer.apply(gradients, [kernel, bias])
    step = (before - np.array(kernel)).reshape(36, 8)
    singular = np.linalg.svd(step, compute_uv=False)
    assert singular.max() / singular.min() < 2  # nearly orthogonal, whatever the gradient was
    assert (step * gradients[0].reshape(36, 8)).sum() > 0
    assert np.array(bias) == pytest.approx(-0.1 * np.sign(gradients[1]), rel=0.05)
