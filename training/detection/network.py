"""The detector's network: anchor-free, three strides, depthwise blocks, under 100,000 parameters.

Ideas, not code, from YuNet (Wu et al., Machine Intelligence Research 2023: depthwise blocks, one
cell one face, few channels at the coarse strides), SCRFD (arXiv 2105.04714: where the computation
goes decides) and FPN (arXiv 1612.03144: coarse maps tell finer ones what they see).
"""

from __future__ import annotations

import keras
from keras import layers

from utils.cells import OUTPUTS, STRIDES

# A face is rare: the logit of one in a hundred to begin with (arXiv 1708.02002).
_RARE = -4.6


def face_detector(*, width: int = 64, normalise: bool = True, hints: int = 0) -> keras.Model:
    """From (n, h, w, 3) float32 RGB 0..255, sides multiples of 32, to (n, cells, 15) float32.

    The cells of stride 8 come first, then 16, then 32, each map row by row. `utils.cells` says
    what a row means. With `hints` a row goes on with as many columns, in which training compares
    what the network sees with what a teacher sees; they are never served.
    """
    picture = keras.Input((None, None, 3), name="picture")
    x = layers.Rescaling(1 / 127.5, offset=-1.0)(picture)
    x = _convolve(x, 16, "stem", side=3, stride=2, normalise=normalise)
    x = _unit(x, 32, "stage4_unit1", stride=2, normalise=normalise)
    x = _unit(x, 32, "stage4_unit2", normalise=normalise)
    maps = []
    for stride in STRIDES:
        x = _unit(x, width, f"stage{stride}_unit1", stride=2, normalise=normalise)
        x = _unit(x, width, f"stage{stride}_unit2", normalise=normalise)
        x = _unit(x, width, f"stage{stride}_unit3", normalise=normalise)
        maps.append(x)
    rows = []
    above = None
    for stride, seen in reversed(list(zip(STRIDES, maps, strict=True))):
        both = seen if above is None else layers.Add()([seen, layers.UpSampling2D(2)(above)])
        above = _unit(both, width, f"neck{stride}", normalise=normalise)
        y = _unit(above, width, f"head{stride}", normalise=normalise)
        parts = [layers.Conv2D(OUTPUTS, 1, name=f"cells{stride}")(y)]
        if hints:
            parts += [
                layers.Conv2D(hints // 2, 1, name=f"hints{stride}_{name}")(x)
                for name, x in (("stage", seen), ("head", y))
            ]
        outputs = OUTPUTS + hints
        y = layers.Concatenate()(parts) if hints else parts[0]
        rows.append(layers.Reshape((-1, outputs), dtype="float32")(y))
    cells = layers.Concatenate(axis=1, dtype="float32", name="cells")(rows[::-1])
    model = keras.Model(picture, cells, name="face_detector")
    for stride in STRIDES:
        last = model.get_layer(f"cells{stride}")
        kernel, bias = last.get_weights()
        bias[0] = _RARE
        last.set_weights([kernel, bias])
    return model


def _unit(
    x: keras.KerasTensor, width: int, name: str, *, normalise: bool, stride: int = 1
) -> keras.KerasTensor:
    """A depthwise 3x3 and a pointwise convolution; the depthwise one sees, the other decides."""
    seen = layers.DepthwiseConv2D(
        3, strides=stride, padding="same", use_bias=not normalise, name=f"{name}_depth_conv"
    )(x)
    if normalise:
        seen = layers.BatchNormalization(momentum=0.95, name=f"{name}_depth_norm")(seen)
    return _convolve(seen, width, f"{name}_point", normalise=normalise)


def _convolve(
    x: keras.KerasTensor, width: int, name: str, *, normalise: bool, side: int = 1, stride: int = 1
) -> keras.KerasTensor:
    x = layers.Conv2D(
        width, side, strides=stride, padding="same", use_bias=not normalise, name=f"{name}_conv"
    )(x)
    if normalise:
        x = layers.BatchNormalization(momentum=0.95, name=f"{name}_norm")(x)
    return layers.Activation("relu")(x)
