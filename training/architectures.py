"""The networks: small residual classifiers that run in a fraction of a millisecond a face.

The blocks are He et al.'s (arXiv 1512.03385), the size is mini-Xception's (arXiv 1710.07557):
half a million parameters instead of eleven million. Plain 3x3 convolutions, not separable ones: at
this size every runtime does them well, and the parameters saved would not be missed.
"""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import layers


def mini_resnet(
    *,
    size_px: int,
    channels: int,
    classes: int,
    stem: int = 16,
    stem_stride: int = 1,
    widths: Sequence[int] = (48, 96, 144),
    dropout: float = 0.3,
) -> keras.Model:
    """A classifier from (n, size, size, channels) float32 to logits (n, classes) float32.

    Pooling should see a map of about 4x4 to 6x6: on a larger one each cell knows too little of
    the face, and learning is slow. `stem_stride` 2 brings 64 pixels there.
    """
    faces = keras.Input((size_px, size_px, channels), name="faces")
    x = _convolve(faces, stem, stride=stem_stride, side=2 * stem_stride + 1)
    x = layers.Activation("relu")(x)
    for width in widths:
        x = _residual(x, width)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dropout(dropout)(x)
    # float32 under mixed precision too: a softmax of half-precision logits loses probability.
    logits = layers.Dense(classes, dtype="float32", name="logits")(x)
    return keras.Model(faces, logits, name="mini_resnet")


def with_probabilities(model: keras.Model) -> keras.Model:
    """The same network ending in a softmax, as it is exported: (n, classes) probabilities."""
    probabilities = layers.Softmax(dtype="float32", name="probabilities")(model.output)
    return keras.Model(model.input, probabilities, name=model.name)


def _convolve(
    x: keras.KerasTensor, width: int, stride: int = 1, side: int = 3
) -> keras.KerasTensor:
    x = layers.Conv2D(width, side, strides=stride, padding="same", use_bias=False)(x)
    return layers.BatchNormalization()(x)


def _residual(x: keras.KerasTensor, width: int) -> keras.KerasTensor:
    """Two 3x3 convolutions beside a 1x1 shortcut; halves height and width."""
    y = layers.Activation("relu")(_convolve(x, width, stride=2))
    y = _convolve(y, width)
    shortcut = _convolve(x, width, stride=2, side=1)
    return layers.Activation("relu")(layers.Add()([y, shortcut]))
