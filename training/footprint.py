"""What a network costs: time per face, bytes, parameters."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from utils.classifiers import Classifier

_WARM_UP, _RUNS = 30, 300


def ms_per_face(classifier: Classifier) -> float:
    """Median milliseconds of one face in one call: ONNX Runtime, one thread, no preprocessing."""
    side, channels = classifier.crop.size_px, 1 if classifier.crop.color == "gray" else 3
    batch = np.zeros((1, side, side, channels), np.float32)
    for _ in range(_WARM_UP):
        classifier.probabilities(batch)
    times = []
    for _ in range(_RUNS):
        start = time.perf_counter()
        classifier.probabilities(batch)
        times.append(time.perf_counter() - start)
    return 1000 * float(np.median(times))


def parameters(file: Path) -> int | None:
    """The trained numbers stored in an `.onnx` file; None where `onnx` is not installed."""
    try:
        import onnx
    except ImportError:
        return None
    floats = {onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16, onnx.TensorProto.BFLOAT16}
    weights = onnx.load(file).graph.initializer
    return sum(int(np.prod(w.dims)) for w in weights if w.dims and w.data_type in floats)
