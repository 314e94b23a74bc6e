"""The trained detector as it is served: without batch normalisations, in float32."""

from __future__ import annotations

import keras
import numpy as np

from training.detection.network import face_detector


def folded(trained: keras.Model, width: int) -> keras.Model:
    """A network that answers as `trained` does, its weights rounded to what float16 can hold."""
    model = face_detector(width=width, normalise=False)
    known = {layer.name: layer for layer in trained.layers}
    for layer in model.layers:
        weights = known[layer.name].get_weights() if layer.get_weights() else []
        if layer.name.endswith("_conv"):
            norm = known[layer.name.replace("_conv", "_norm")]
            gamma, beta, mean, variance = norm.get_weights()
            factor = gamma / np.sqrt(variance + norm.epsilon)
            (kernel,) = weights
            # A depthwise kernel is (height, width, channels, 1), any other (..., in, out).
            deep = isinstance(layer, keras.layers.DepthwiseConv2D)
            weights = [kernel * (factor[:, None] if deep else factor), beta - mean * factor]
        if weights:
            layer.set_weights([w.astype(np.float16).astype(np.float32) for w in weights])
    return model
