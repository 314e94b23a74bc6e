"""Smaller files of the same network: half-precision storage, and an int8 variant for browsers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantType, quantize_static

_SMALL = 256  # values; below that a cast costs more than it saves


def store_half(file: Path) -> None:
    """Store the weights as float16, cast to float32 where they are used.

    Every runtime folds the casts away when it loads the file, so the arithmetic stays float32;
    weights that were float16 numbers before lose nothing.
    """
    model = onnx.load(file)
    graph = model.graph
    for tensor in list(graph.initializer):
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < _SMALL:
            continue
        stored = numpy_helper.from_array(values.astype(np.float16), f"{tensor.name}_half")
        cast = helper.make_node("Cast", [stored.name], [tensor.name], to=TensorProto.FLOAT)
        graph.initializer.remove(tensor)
        graph.initializer.append(stored)
        graph.node.insert(0, cast)
    onnx.checker.check_model(model)
    onnx.save(model, file)


def quantise(file: Path, target: Path, faces: NDArray[np.float32]) -> None:
    """Write an int8 variant, calibrated on `faces`, inputs (n, size, size, channels) float32.

    `file` holds float32 weights. Weights get a scale per output channel, activations one scale.
    """
    graph = onnx.load(file).graph
    quantize_static(
        file,
        target,
        _Reader(graph.input[0].name, faces),
        # Eight bits of a probability would make rows that do not sum to one.
        nodes_to_exclude=[node.name for node in graph.node if node.op_type == "Softmax"],
        per_channel=True,
        activation_type=QuantType.QInt8,
        weight_type=QuantType.QInt8,
        extra_options={"ActivationSymmetric": False},
    )


class _Reader(CalibrationDataReader):  # type: ignore[misc]
    def __init__(self, name: str, faces: NDArray[np.float32], batch: int = 64) -> None:
        self._batches: Iterator[dict[str, NDArray[np.float32]]] = (
            {name: faces[start : start + batch]} for start in range(0, len(faces), batch)
        )

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        return next(self._batches, None)
