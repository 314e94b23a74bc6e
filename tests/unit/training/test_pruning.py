from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from training.pruning import prune

HIDDEN, WIDTH = 24, 6


def network(file: Path, *, idle: int) -> None:
    """A residual block; `idle` of its hidden channels always say the same, whatever they see."""
    rng = np.random.default_rng(0)
    first = rng.normal(0, 0.3, (HIDDEN, WIDTH, 3, 3)).astype(np.float32)
    bias = rng.normal(0, 0.1, HIDDEN).astype(np.float32)
    first[:idle] = 0
    bias[:idle] = 0.7
    second = rng.normal(0, 0.3, (WIDTH, HIDDEN, 1, 1)).astype(np.float32)
    nodes = [
        helper.make_node("Transpose", ["faces"], ["x"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["x", "first", "first_bias"], ["a"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("Conv", ["b", "second", "second_bias"], ["c"]),
        helper.make_node("Add", ["c", "x"], ["d"]),
        helper.make_node("Relu", ["d"], ["answer"]),
    ]
    tensors = {
        "first": first,
        "first_bias": bias,
        "second": second,
        "second_bias": np.zeros(WIDTH, np.float32),
    }
    graph = helper.make_graph(
        nodes,
        "block",
        [helper.make_tensor_value_info("faces", TensorProto.FLOAT, ["n", 8, 8, WIDTH])],
        [helper.make_tensor_value_info("answer", TensorProto.FLOAT, ["n", WIDTH, 8, 8])],
        [numpy_helper.from_array(values, name) for name, values in tensors.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.save(model, file)


def answers(file: Path, faces: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {"faces": faces})[0])


def parameters(file: Path) -> int:
    return sum(int(np.prod(tensor.dims)) for tensor in onnx.load(file).graph.initializer)


@pytest.fixture
def faces() -> np.ndarray:
    return np.random.default_rng(1).normal(0, 1, (32, 8, 8, WIDTH)).astype(np.float32)


def test_channels_that_always_say_the_same_go_first_and_nothing_changes(
    tmp_path: Path, faces: np.ndarray
) -> None:
    whole, thin = tmp_path / "whole.onnx", tmp_path / "thin.onnx"
    network(whole, idle=5)
    each = WIDTH * 9 + WIDTH + 1
    assert prune(whole, thin, faces, 5 * each) == 5 * each
    assert parameters(thin) == parameters(whole) - 5 * each
    assert answers(thin, faces) == pytest.approx(answers(whole, faces), abs=1e-5)


def test_what_is_left_out_costs_less_than_as_much_at_random(
    tmp_path: Path, faces: np.ndarray
) -> None:
    whole, thin = tmp_path / "whole.onnx", tmp_path / "thin.onnx"
    network(whole, idle=0)
    lost = prune(whole, thin, faces, 300)
    assert 300 <= lost < 400
    expected = answers(whole, faces)
    assert np.abs(answers(thin, faces) - expected).mean() < 0.5 * np.abs(expected).mean()


def test_half_of_the_channels_stay_whatever_is_asked(tmp_path: Path, faces: np.ndarray) -> None:
    whole, thin = tmp_path / "whole.onnx", tmp_path / "thin.onnx"
    network(whole, idle=0)
    prune(whole, thin, faces, 10**9)
    (kernel,) = (t for t in onnx.load(thin).graph.initializer if t.name == "first")
    assert kernel.dims[0] == HIDDEN // 2


def test_nothing_to_lose_loses_nothing(tmp_path: Path, faces: np.ndarray) -> None:
    whole, thin = tmp_path / "whole.onnx", tmp_path / "thin.onnx"
    network(whole, idle=0)
    assert prune(whole, thin, faces, 0) == 0
    assert (answers(thin, faces) == answers(whole, faces)).all()
