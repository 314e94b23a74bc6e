"""Networks of one's own, as small as they come: the mean of a crop, one dense layer, softmax."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

Dims = tuple[int | str | None, ...]
SIZE_PX = 16
# What the networks below think of every face, per output, before the softmax.
LEVELS = (3.0, 1.0, 0.0, -1.0, -2.0, -3.0, -4.0, -5.0)


def network(
    outputs: int,
    *,
    shape: Dims = ("n", SIZE_PX, SIZE_PX, 1),
    read: int = TensorProto.FLOAT,
    levels: Sequence[float] = LEVELS,
    ending: str = "Softmax",
    training_mode: bool = False,
    second_input: bool = False,
    keepdims: int = 0,
) -> bytes:
    """The ONNX file of a network that prefers output 0 whatever it sees; `ending` is its last op.

    The brighter a crop, the less it is sure.
    """
    channels = shape[-1] if isinstance(shape[-1], int) else 1
    weights = np.linspace(-0.1, 0.1, channels * outputs).reshape(channels, outputs)
    axes = numpy_helper.from_array(np.array([1, 2]), "axes")
    nodes = [
        helper.make_node("Cast", ["faces"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["floats", "axes"], ["mean"], keepdims=keepdims),
        helper.make_node("MatMul", ["mean", "weights"], ["product"]),
        helper.make_node("Add", ["product", "levels"], ["logits"]),
        helper.make_node(
            ending,
            ["normal" if training_mode else "logits"],
            ["answer"],
            **({"axis": -1} if "oftmax" in ending else {}),
        ),
    ]
    if training_mode:
        kept = ["normal", "running_mean", "running_variance"]
        fed = ["logits", "ones", "zeros", "zeros", "ones"]
        norm = helper.make_node("BatchNormalization", fed, kept, training_mode=1)
        nodes.insert(-1, norm)
    inputs = [helper.make_tensor_value_info("faces", read, shape)]
    if second_input:
        inputs.append(helper.make_tensor_value_info("age", TensorProto.FLOAT, ("n", 1)))
    graph = helper.make_graph(
        nodes,
        "tiny",
        inputs,
        [helper.make_tensor_value_info("answer", TensorProto.FLOAT, None)],
        [
            axes,
            numpy_helper.from_array(weights.astype(np.float32), "weights"),
            numpy_helper.from_array(np.array(levels[:outputs], np.float32), "levels"),
            numpy_helper.from_array(np.ones(outputs, np.float32), "ones"),
            numpy_helper.from_array(np.zeros(outputs, np.float32), "zeros"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    return bytes(model.SerializeToString())


def entry(labels: Sequence[str], file: str, data: bytes, **changes: Any) -> dict[str, Any]:
    """The smallest entry of a manifest for a file of these bytes."""
    return {
        "file": file,
        "sha256": {file: hashlib.sha256(data).hexdigest()},
        "labels": list(labels),
        "crop": {"size_px": SIZE_PX, "color": "gray", "margin": 0.1},
        "sure_from": 0.5,
        **changes,
    }


def write(
    folder: Path,
    name: str,
    labels: Sequence[str],
    data: bytes | None = None,
    *,
    manifest_name: str = "mine",
    **changes: Any,
) -> Path:
    """A folder with a network and its manifest; a second network joins the first."""
    folder.mkdir(exist_ok=True)
    path = folder / "manifest.json"
    shape: dict[str, Any] = {"name": manifest_name, "version": "7", "networks": {}}
    if path.exists():
        shape = json.loads(path.read_text())
    data = network(len(labels)) if data is None else data
    (folder / f"{name}.onnx").write_bytes(data)
    shape["networks"][name] = entry(labels, f"{name}.onnx", data, **changes)
    path.write_text(json.dumps(shape))
    return folder


def external(data: bytes, path: Path) -> bytes:
    """The same network with its weights in a second file, as large networks are saved."""
    model = onnx.load_from_string(data)
    onnx.save(model, path, save_as_external_data=True, size_threshold=0, location="weights.bin")
    return path.read_bytes()
