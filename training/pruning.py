"""Fewer channels inside the blocks of an exported network, for a file that must be small.

A channel between two convolutions adds to the second one's outputs what it sees times its weights.
Its mean can be worked into the second one's bias; what is lost is its deviation from the mean. So
the channels whose weighted deviation is smallest for the parameters that they cost go first, and
the weights of those that stay are fitted, by least squares, to what the second convolution said
before (channel pruning with reconstruction, arXiv 1707.06168).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import numpy_helper

Floats = NDArray[np.float32]
_KEPT_AT_LEAST = 0.5  # of the channels between any two convolutions
_PATCHES, _RIDGE = 12_000, 1e-4


@dataclass(frozen=True)
class Pair:
    """Two convolutions with nothing but a ReLU between; names of initializers and of its output."""

    first: tuple[str, str]  # kernel (hidden, in, height, width) and bias
    second: tuple[str, str]
    between: str


def prune(file: Path, target: Path, faces: Floats, parameters: int) -> int:
    """Write a copy of `file` with `parameters` fewer, or nearly so; returns how many it lost.

    `faces` (n, size, size, channels) tell what the channels see. `file` holds float32 weights.
    """
    model = onnx.load(file)
    weights = {
        tensor.name: numpy_helper.to_array(tensor).copy() for tensor in model.graph.initializer
    }
    pairs = _pairs(model)
    maps = _maps(model, pairs, faces)
    order, lost = [], 0
    for number, pair in enumerate(pairs):
        kernel = weights[pair.second[0]]
        loss = maps[pair.between].var((0, 2, 3)) * (kernel**2).sum((0, 2, 3))
        cost = weights[pair.first[0]][0].size + kernel[:, 0].size + 1
        order += [(float(value) / cost, number, c, cost) for c, value in enumerate(loss)]
    dropped: dict[int, list[int]] = {}
    for _, number, channel, cost in sorted(order):
        gone = dropped.setdefault(number, [])
        hidden = len(weights[pairs[number].first[0]])
        if lost < parameters and len(gone) < (1 - _KEPT_AT_LEAST) * hidden:
            gone.append(channel)
            lost += cost
    for number, channels in dropped.items():
        _drop(weights, pairs[number], channels, maps[pairs[number].between])
    for tensor in model.graph.initializer:
        tensor.CopyFrom(numpy_helper.from_array(weights[tensor.name], tensor.name))
    del model.graph.value_info[:]  # the old widths
    onnx.checker.check_model(model)
    onnx.save(model, target)
    return lost


def _pairs(model: onnx.ModelProto) -> list[Pair]:
    maker = {output: node for node in model.graph.node for output in node.output}
    readers: dict[str, int] = {}
    for node in model.graph.node:
        for name in node.input:
            readers[name] = readers.get(name, 0) + 1
    pairs = []
    for node in model.graph.node:
        relu = maker.get(node.input[0]) if node.op_type == "Conv" else None
        first = maker.get(relu.input[0]) if relu is not None and relu.op_type == "Relu" else None
        if (
            first is not None
            and first.op_type == "Conv"
            and len(first.input) == len(node.input) == 3
            and readers[node.input[0]] == 1
        ):
            pairs.append(
                Pair(
                    (first.input[1], first.input[2]), (node.input[1], node.input[2]), node.input[0]
                )
            )
    return pairs


def _maps(model: onnx.ModelProto, pairs: list[Pair], faces: Floats) -> dict[str, Floats]:
    """What the channels between each pair see (n, hidden, height, width)."""
    if not pairs:
        return {}
    copy, names = onnx.ModelProto(), [pair.between for pair in pairs]
    copy.CopyFrom(model)
    copy.graph.output.extend(onnx.helper.make_empty_tensor_value_info(name) for name in names)
    session = onnxruntime.InferenceSession(
        copy.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    maps = session.run(names, {session.get_inputs()[0].name: faces})
    return dict(zip(names, maps, strict=True))


def _drop(weights: dict[str, Floats], pair: Pair, channels: list[int], map_: Floats) -> None:
    kernel = weights[pair.second[0]]
    kept = np.delete(np.arange(kernel.shape[1]), channels)
    rows = _patches(map_, kernel.shape[2])
    said = rows.reshape(len(rows), -1) @ kernel.reshape(len(kernel), -1).T
    x = np.concatenate([rows[:, kept].reshape(len(rows), -1), np.ones((len(rows), 1))], 1)
    old = np.concatenate([kernel[:, kept].reshape(len(kernel), -1), np.zeros((len(kernel), 1))], 1)
    square = x.T @ x
    ridge = _RIDGE * np.trace(square) / len(square) * np.eye(len(square))
    ridge[-1, -1] = 0  # the bias is free
    fitted = old + np.linalg.solve(square + ridge, x.T @ (said - x @ old.T)).T
    new_shape = (len(kernel), len(kept), *kernel.shape[2:])
    weights[pair.second[0]] = fitted[:, :-1].reshape(new_shape).astype(np.float32)
    weights[pair.second[1]] = weights[pair.second[1]] + fitted[:, -1].astype(np.float32)
    for name in pair.first:
        weights[name] = np.delete(weights[name], channels, axis=0)


def _patches(map_: Floats, side: int) -> NDArray[np.float64]:
    """Some windows (rows, hidden, side, side) of what a convolution of stride 1 looks through."""
    edge = side // 2
    padded = np.pad(map_, ((0, 0), (0, 0), (edge, edge), (edge, edge)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (side, side), axis=(2, 3))
    n, _, height, width = windows.shape[:4]
    rng = np.random.default_rng(0)
    chosen = rng.permutation(n * height * width)[:_PATCHES]
    picture, place = np.divmod(chosen, height * width)
    return np.asarray(windows[picture, :, place // width, place % width], np.float64)
