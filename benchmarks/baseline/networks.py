"""Networks of the two kinds that the worker of 2020 had, with random weights: only time counts.

`mini_xception` for the expression (64x64 gray, 7 classes) and `simple_cnn` for the gender (48x48
RGB, 2 classes), as in Arriaga, Valdenegro-Toro & Ploeger (2017), arXiv 1710.07557.
"""

from __future__ import annotations

from typing import Any

from keras import Model, Sequential, layers

EMOTION_SHAPE, EMOTIONS = (64, 64, 1), 7
GENDER_SHAPE, GENDERS = (48, 48, 3), 2


def mini_xception() -> Model:
    """Four residual blocks of separable convolutions, 58,423 parameters."""
    picture = layers.Input(EMOTION_SHAPE)
    x = picture
    for _ in range(2):
        x = layers.Conv2D(8, 3, use_bias=False)(x)
        x = layers.Activation("relu")(layers.BatchNormalization()(x))
    for filters in (16, 32, 64, 128):
        x = _residual(x, filters)
    x = layers.Conv2D(EMOTIONS, 3, padding="same")(x)
    x = layers.GlobalAveragePooling2D()(x)
    return Model(picture, layers.Activation("softmax")(x))


def _residual(x: Any, filters: int) -> Any:
    short = layers.Conv2D(filters, 1, strides=2, padding="same", use_bias=False)(x)
    short = layers.BatchNormalization()(short)
    x = layers.SeparableConv2D(filters, 3, padding="same", use_bias=False)(x)
    x = layers.Activation("relu")(layers.BatchNormalization()(x))
    x = layers.SeparableConv2D(filters, 3, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    return layers.add([layers.MaxPooling2D(3, strides=2, padding="same")(x), short])


def simple_cnn() -> Model:
    """Nine plain convolutions, some 630,000 parameters."""
    network = Sequential([layers.Input(GENDER_SHAPE)])
    for filters, size in ((16, 7), (32, 5), (64, 3), (128, 3)):
        for _ in range(2):
            network.add(layers.Conv2D(filters, size, padding="same"))
            network.add(layers.BatchNormalization())
        network.add(layers.Activation("relu"))
        network.add(layers.AveragePooling2D(2, padding="same"))
        network.add(layers.Dropout(0.5))
    network.add(layers.Conv2D(256, 3, padding="same"))
    network.add(layers.BatchNormalization())
    network.add(layers.Conv2D(GENDERS, 3, padding="same"))
    network.add(layers.GlobalAveragePooling2D())
    network.add(layers.Activation("softmax"))
    return network
