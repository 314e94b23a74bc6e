"""Smaller files answer as the larger one did."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from training.compress import quantise, store_half


def network(file: Path) -> None:
    """A convolution, a pooling, a softmax; channels last, weights that float16 can hold."""
    rng = np.random.default_rng(0)
    kernel = rng.normal(0, 0.3, (16, 3, 5, 5)).astype(np.float16).astype(np.float32)
    nodes = [
        helper.make_node("Transpose", ["faces"], ["x"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["x", "kernel"], ["y"], name="conv", pads=[2, 2, 2, 2]),
        helper.make_node("Relu", ["y"], ["r"], name="relu"),
        helper.make_node("GlobalAveragePool", ["r"], ["p"], name="pool"),
        helper.make_node("Flatten", ["p"], ["f"], name="flat"),
        helper.make_node("Softmax", ["f"], ["answer"], name="softmax"),
    ]
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("faces", TensorProto.FLOAT, ["n", 12, 12, 3])],
        [helper.make_tensor_value_info("answer", TensorProto.FLOAT, ["n", 16])],
        [numpy_helper.from_array(kernel, "kernel")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.save(model, file)


def answers(file: Path, faces: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {"faces": faces})[0])


def test_half_precision_storage_is_smaller_and_answers_alike(tmp_path: Path) -> None:
    file = tmp_path / "a.onnx"
    network(file)
    faces = np.random.default_rng(1).normal(0, 1, (4, 12, 12, 3)).astype(np.float32)
    before, size = answers(file, faces), file.stat().st_size
    store_half(file)
    assert file.stat().st_size < 0.65 * size
    assert np.abs(answers(file, faces) - before).max() < 1e-6


def test_int8_is_close_and_its_rows_still_sum_to_one(tmp_path: Path) -> None:
    file, small = tmp_path / "a.onnx", tmp_path / "a.int8.onnx"
    network(file)
    faces = np.random.default_rng(1).normal(0, 1, (64, 12, 12, 3)).astype(np.float32)
    quantise(file, small, faces)
    said = answers(small, faces)
    assert np.abs(said.sum(1) - 1).max() < 1e-5
    assert np.abs(said - answers(file, faces)).max() < 0.02
    kinds = {t.data_type for t in onnx.load(small).graph.initializer if "kernel" in t.name}
    assert TensorProto.INT8 in kinds
