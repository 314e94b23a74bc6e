"""The networks: small residual classifiers that run in about a millisecond a face.

The blocks are He et al.'s (arXiv 1512.03385), the size is a tenth of ResNet-18's. Plain 3x3
convolutions, not separable ones: at this size every runtime does them well, and the parameters
saved would not be missed. The last batch normalisation of a block starts at zero, so that a new
network is a shallow one first (arXiv 1706.02677).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

# (channels, stride) of each residual block.
Blocks = tuple[tuple[int, int], ...]
RESNET18: Blocks = ((64, 1), (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), (512, 1))


def mini_resnet(
    *,
    size_px: int,
    channels: int,
    heads: Mapping[str, int],
    stem: int = 32,
    blocks: Blocks = ((32, 1), (80, 2), (160, 2), (160, 1)),
    dropout: float = 0.2,
    normalise: bool = True,
) -> keras.Model:
    """A trunk from (n, size, size, channels) float32, and a dict of float32 logits (n, classes).

    `heads` maps each head's name to its number of classes. Pooling should see a map of about 4x4
    to 7x7: on a larger one each cell knows too little of the face, and learning is slow. The stem
    therefore halves the picture at once. Without `normalise` the convolutions have biases instead
    of batch normalisation: the shape that `fold` fills.
    """
    faces = keras.Input((size_px, size_px, channels), name="faces")
    x = _convolve(faces, stem, "stem", normalise=normalise, stride=2, side=5)
    x = layers.Activation("relu")(x)
    for name, (width, stride) in zip(_names(blocks), blocks, strict=True):
        x = _residual(x, width, name, normalise=normalise, stride=stride)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dropout(dropout)(x)
    # float32 under mixed precision too: a softmax of half-precision logits loses probability.
    logits = {
        name: layers.Dense(classes, dtype="float32", name=name)(x)
        for name, classes in heads.items()
    }
    return keras.Model(faces, logits, name="mini_resnet")


def with_probabilities(model: keras.Model, heads: Sequence[str]) -> keras.Model:
    """The same network as it is exported: one softmax (n, classes) for each of `heads`, in order.

    Heads that only helped the training are left out, and with them what they could tell.
    """
    outputs = [
        layers.Softmax(dtype="float32", name=f"{head}_probabilities")(model.output[head])
        for head in heads
    ]
    return keras.Model(model.input, outputs, name=model.name)


def _names(blocks: Blocks) -> list[str]:
    """A name for each block by its stage, so that a deeper network's layers find their elders."""
    names, stage, block = [], 1, 0
    for number, (_, stride) in enumerate(blocks):
        if stride != 1 and number:
            stage, block = stage + 1, 0
        block += 1
        names.append(f"stage{stage}_block{block}")
    return names


def layer_weights(file: str) -> dict[str, list[NDArray[np.float32]]]:
    """The weights of each layer by its name, from a `.keras` file or a checkpoint's `.npz`.

    A checkpoint holds one array a weight, named LAYER.WEIGHT, in the order of the layer's own.
    """
    if not file.endswith(".npz"):
        return weights_of(keras.saving.load_model(file, compile=False))
    known: dict[str, list[NDArray[np.float32]]] = {}
    with np.load(file) as arrays:
        for name in arrays.files:
            known.setdefault(name.partition(".")[0], []).append(arrays[name].astype(np.float32))
    return known


def weights_of(model: keras.Model) -> dict[str, list[NDArray[np.float32]]]:
    """The weights of each layer by its name."""
    return {layer.name: layer.get_weights() for layer in model.layers}


def copy_trunk(known: Mapping[str, list[NDArray[np.float32]]], target: keras.Model) -> int:
    """Give `target` the weights of every layer that is known under the same name and shape.

    A block that only `target` has begins as the identity, so a network can grow without forgetting.
    A stem that reads gray takes the sum of a colour stem's weights over the channels: on a gray
    picture, whose three channels are equal, both answer the same. Returns the layers copied.
    """
    copied = 0
    for layer in target.layers:
        old, new = known.get(layer.name, []), layer.get_weights()
        if layer.name == "stem_conv" and old and old[0].shape[2] == 3 and new[0].shape[2] == 1:
            old = [old[0].sum(axis=2, keepdims=True)]
        if new and [w.shape for w in old] == [w.shape for w in new]:
            layer.set_weights(old)
            copied += 1
    return copied


def fold(trained: keras.Model, target: keras.Model) -> None:
    """Work the batch normalisations of `trained` into the convolutions of `target`.

    In inference a normalisation is a factor and an offset per channel, so both answer the same;
    `target` is the same network built with `normalise=False`.
    """
    for layer in target.layers:
        if layer.name.endswith("_conv"):
            (kernel,) = trained.get_layer(layer.name).get_weights()
            norm = trained.get_layer(layer.name.replace("_conv", "_norm"))
            gamma, beta, mean, variance = norm.get_weights()
            factor = gamma / np.sqrt(variance + norm.epsilon)
            layer.set_weights([kernel * factor, beta - mean * factor])
        elif layer.get_weights():
            layer.set_weights(trained.get_layer(layer.name).get_weights())


def _convolve(
    x: keras.KerasTensor,
    width: int,
    name: str,
    *,
    normalise: bool,
    stride: int = 1,
    side: int = 3,
    gamma: str = "ones",
) -> keras.KerasTensor:
    """A convolution with a batch normalisation that starts at `gamma`, or else with a bias."""
    x = layers.Conv2D(
        width, side, strides=stride, padding="same", use_bias=not normalise, name=f"{name}_conv"
    )(x)
    if not normalise:
        return x
    return layers.BatchNormalization(momentum=0.95, gamma_initializer=gamma, name=f"{name}_norm")(x)


def _residual(
    x: keras.KerasTensor, width: int, name: str, *, normalise: bool, stride: int
) -> keras.KerasTensor:
    """Two 3x3 convolutions beside the identity, or a 1x1 shortcut where the shape changes."""
    y = _convolve(x, width, f"{name}_a", normalise=normalise, stride=stride)
    y = layers.Activation("relu")(y)
    y = _convolve(y, width, f"{name}_b", normalise=normalise, gamma="zeros")
    if stride != 1 or x.shape[-1] != width:
        x = _convolve(x, width, f"{name}_shortcut", normalise=normalise, stride=stride, side=1)
    return layers.Activation("relu")(layers.Add()([y, x]))
