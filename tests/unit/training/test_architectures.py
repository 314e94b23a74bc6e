from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

from training import train_emotion, train_gender
from training.architectures import (
    copy_trunk,
    fold,
    layer_weights,
    mini_resnet,
    weights_of,
    with_probabilities,
)
from training.config import TrainConfig
from training.fit import build

# From inside Keras, on import and at every batch.
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*np.object.*:FutureWarning"),
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't:DeprecationWarning"),
]


def tiny(channels: int = 1, *, normalise: bool = True, **heads: int) -> keras.Model:
    return mini_resnet(
        size_px=16,
        channels=channels,
        heads=heads or {"emotion": 8},
        stem=4,
        blocks=((8, 2), (8, 1)),
        normalise=normalise,
    )


def shaken(model: keras.Model, seed: int = 0) -> keras.Model:
    """Random weights everywhere, normalisations included, as after a training."""
    rng = np.random.default_rng(seed)
    model.set_weights(
        [
            rng.uniform(0.2, 1, w.shape) * rng.choice([-1, 1])
            if w.ndim > 1
            else rng.uniform(0.5, 1.5, w.shape)
            for w in model.get_weights()
        ]
    )
    return model


def answers(model: keras.Model, batch: np.ndarray) -> dict[str, np.ndarray]:
    return {head: np.asarray(logits) for head, logits in model(batch, training=False).items()}


def pictures(channels: int) -> np.ndarray:
    gray = np.random.default_rng(1).uniform(-1, 1, (5, 16, 16, 1)).astype(np.float32)
    return np.repeat(gray, channels, axis=3)


@pytest.mark.parametrize("config", [train_emotion.CONFIG, train_gender.CONFIG])
def test_the_served_networks_stay_within_their_size(config: TrainConfig) -> None:
    model = build(config)
    assert model.count_params() <= 1_500_000
    assert build(config, normalise=False).count_params() < model.count_params()
    side = {layer.name: layer.output.shape[1] for layer in model.layers if "add" in layer.name}
    # Pooling sees a map of 4x4 to 7x7 cells: fewer tell nothing of place, more learn slowly.
    assert 4 <= list(side.values())[-1] <= 7


def test_each_head_answers_in_its_own_number_of_classes() -> None:
    logits = answers(tiny(emotion=8, fer2013=7), pictures(1))
    assert {head: values.shape for head, values in logits.items()} == {
        "emotion": (5, 8),
        "fer2013": (5, 7),
    }


def test_a_new_block_passes_its_input_on() -> None:
    """Its last normalisation starts at zero: the network is a shallow one first."""
    model = tiny()
    before = answers(model, pictures(1))["emotion"]
    for name in ("stage1_block2_a_conv", "stage1_block2_b_conv"):
        layer = model.get_layer(name)
        layer.set_weights([weights + 1 for weights in layer.get_weights()])
    assert answers(model, pictures(1))["emotion"] == pytest.approx(before)


def test_a_checkpoint_is_a_start_as_good_as_the_network(tmp_path: Path) -> None:
    small, other = shaken(tiny()), tiny()
    arrays = {v.path.replace("/", "."): keras.ops.convert_to_numpy(v) for v in small.weights}
    np.savez(tmp_path / "a.npz", **arrays)
    copy_trunk(layer_weights(str(tmp_path / "a.npz")), other)
    batch = pictures(1)
    assert answers(other, batch)["emotion"] == pytest.approx(answers(small, batch)["emotion"])


def test_a_network_grows_without_forgetting() -> None:
    small = shaken(tiny())
    large = mini_resnet(
        size_px=16, channels=1, heads={"emotion": 8}, stem=4, blocks=((8, 2), (8, 1), (8, 1))
    )
    assert copy_trunk(weights_of(small), large) > 0
    batch = pictures(1)
    assert answers(large, batch)["emotion"] == pytest.approx(answers(small, batch)["emotion"])


def test_probabilities_come_in_the_order_that_is_asked() -> None:
    model = shaken(tiny(emotion=8, fer2013=7, age=9))
    served = with_probabilities(model, ["fer2013", "emotion"])
    first, second = (np.asarray(output) for output in served(pictures(1)))
    assert first.shape == (5, 7)
    assert first.sum(1) == pytest.approx(1)
    logits = answers(model, pictures(1))["emotion"].astype(np.float64)
    softmax = np.exp(logits - logits.max(1, keepdims=True))
    assert second == pytest.approx(softmax / softmax.sum(1, keepdims=True), abs=1e-5)
    assert "age" not in {layer.name for layer in served.layers}


def test_a_gray_network_answers_as_the_colour_one_it_began_with() -> None:
    colour, gray = shaken(tiny(3)), tiny(1)
    copied = copy_trunk(weights_of(colour), gray)
    assert copied == sum(1 for layer in gray.layers if layer.get_weights())
    ours, theirs = answers(gray, pictures(1)), answers(colour, pictures(3))
    assert ours["emotion"] == pytest.approx(theirs["emotion"], rel=1e-4, abs=1e-4)


def test_layers_of_another_shape_or_name_keep_their_own_weights() -> None:
    source, target = shaken(tiny(emotion=8)), tiny(emotion=7, gender=2)
    heads = {name: target.get_layer(name).get_weights() for name in ("emotion", "gender")}
    trunk = sum(1 for layer in target.layers if layer.get_weights()) - 2
    assert copy_trunk(weights_of(source), target) == trunk
    for name, before in heads.items():
        for ours, theirs in zip(target.get_layer(name).get_weights(), before, strict=True):
            assert (ours == theirs).all()


def test_a_colour_network_does_not_begin_with_a_gray_stem() -> None:
    gray, colour = shaken(tiny(1)), tiny(3)
    before = colour.get_layer("stem_conv").get_weights()[0]
    copy_trunk(weights_of(gray), colour)
    assert (colour.get_layer("stem_conv").get_weights()[0] == before).all()


def test_the_trunk_serves_pictures_of_another_size() -> None:
    small = shaken(tiny())
    large = mini_resnet(
        size_px=24, channels=1, heads={"emotion": 8}, stem=4, blocks=((8, 2), (8, 1))
    )
    assert copy_trunk(weights_of(small), large) == sum(
        1 for layer in large.layers if layer.get_weights()
    )


def test_folding_normalisations_away_changes_no_answer() -> None:
    trained, folded = (
        shaken(tiny(emotion=8, fer2013=7)),
        tiny(normalise=False, emotion=8, fer2013=7),
    )
    fold(trained, folded)
    assert not [layer for layer in folded.layers if layer.name.endswith("_norm")]
    ours, theirs = answers(folded, pictures(1)), answers(trained, pictures(1))
    for head in theirs:
        assert ours[head] == pytest.approx(theirs[head], rel=1e-4, abs=1e-4)
