"""The detector as an ONNX graph, written layer by layer.

A converter's graph answers the same, but turns the picture's axes, scales its pixels and finds out
sizes while it runs, which costs a quarter of the time. Here the first convolution scales, enlarging
is one operator, and convolutions follow one another, so that ONNX Runtime keeps what lies between
them in blocks of channels.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from utils.cells import MIDDLE_GRAY, OUTPUTS, STRIDES

_OPSET, _IR = 15, 8  # old enough for every runtime of the last years, in browsers too


def save_onnx(model: keras.Model, file: Path) -> None:
    """Write a folded `face_detector` as (n, 3, h, w) float32 -> (n, 15, cells) float32.

    It reads RGB 0..255 less `MIDDLE_GRAY`, sides multiples of 32; `utils.cells` says what the
    outputs mean. Weights are stored as float16, which is all that folded ones hold, and become
    float32 in whoever loads the file.
    """
    graph = _Graph(model)
    x = graph.relu(graph.convolve("picture", "stem_conv", stride=2, scale=1 / MIDDLE_GRAY))
    x = graph.unit(x, "stage4_unit1", stride=2)
    x = graph.unit(x, "stage4_unit2")
    maps = []
    for stride in STRIDES:
        x = graph.unit(x, f"stage{stride}_unit1", stride=2)
        x = graph.unit(x, f"stage{stride}_unit2")
        x = graph.unit(x, f"stage{stride}_unit3")
        maps.append(x)
    rows, above = [], None
    for stride, seen in reversed(list(zip(STRIDES, maps, strict=True))):
        both = graph.node("Add", seen, graph.enlarged(above)) if above else seen
        above = graph.unit(both, f"neck{stride}")
        cells = graph.convolve(graph.unit(above, f"head{stride}"), f"cells{stride}")
        rows.append(
            graph.node("Reshape", cells, graph.constant("flat", np.array([0, OUTPUTS, -1])))
        )
    graph.node("Concat", *rows[::-1], axis=2, output="cells")
    graph.save(file)


class _Graph:
    """Nodes and weights so far; a method that adds some returns the name of what they make."""

    def __init__(self, model: keras.Model) -> None:
        self._model = model
        self._nodes: list[onnx.NodeProto] = []
        self._weights: dict[str, onnx.TensorProto] = {}

    def node(self, kind: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        """One operator."""
        output = output or f"{kind.lower()}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output

    def constant(self, name: str, values: NDArray[Any]) -> str:
        """A tensor of the file, written once."""
        self._weights[name] = numpy_helper.from_array(np.ascontiguousarray(values), name)
        return name

    def convolve(self, x: str, name: str, *, stride: int = 1, scale: float = 1.0) -> str:
        """A convolution of the model, depthwise or not, its kernel times `scale`."""
        layer = self._model.get_layer(name)
        kernel, bias = layer.get_weights()
        deep = isinstance(layer, keras.layers.DepthwiseConv2D)
        # Keras has (h, w, in, out) and (h, w, channels, 1), ONNX (out, in of a group, h, w).
        kernel = kernel.transpose(2, 3, 0, 1) if deep else kernel.transpose(3, 2, 0, 1)
        around = kernel.shape[-1] // 2
        # Where an even side is halved, Keras fills up behind it alone.
        before = around if stride == 1 else 0
        stored = self._widened if scale == 1 else self.constant
        return self.node(
            "Conv",
            x,
            stored(f"{name}_kernel", (kernel * scale).astype(np.float32)),
            self.constant(f"{name}_bias", bias),
            strides=[stride, stride],
            pads=[before, before, around, around],
            group=len(kernel) if deep else 1,
        )

    def unit(self, x: str, name: str, *, stride: int = 1) -> str:
        """A depthwise convolution and a pointwise one."""
        x = self.convolve(x, f"{name}_depth_conv", stride=stride)
        return self.relu(self.convolve(x, f"{name}_point_conv"))

    def relu(self, x: str) -> str:
        """What is positive."""
        return self.node("Relu", x)

    def enlarged(self, x: str) -> str:
        """A map with every cell repeated 2 x 2 times."""
        twice = self.node("Constant", value_floats=[1.0, 1.0, 2.0, 2.0])
        mode = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
        return self.node("Resize", x, "", twice, mode="nearest", **mode)

    def _widened(self, name: str, values: NDArray[np.float32]) -> str:
        """Numbers that float16 holds, stored as such."""
        half = self.constant(f"{name}_half", values.astype(np.float16))
        return self.node("Cast", half, output=name, to=TensorProto.FLOAT)

    def save(self, file: Path) -> None:
        """Write the file, checked."""
        shapes = {"picture": ("n", 3, "h", "w"), "cells": ("n", OUTPUTS, "cells")}
        picture, cells = (
            helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
            for name, shape in shapes.items()
        )
        graph = helper.make_graph(
            self._nodes, "face_detector", [picture], [cells], list(self._weights.values())
        )
        opset = [helper.make_opsetid("", _OPSET)]
        model = helper.make_model(graph, opset_imports=opset, ir_version=_IR)
        onnx.checker.check_model(model, full_check=True)
        onnx.save(model, file)
