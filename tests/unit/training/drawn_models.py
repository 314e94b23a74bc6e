"""Networks for the drawn packs, built with `onnx` alone: they tell a class by its brightness."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from training.packs import sha256_of
from utils.labels import EMOTIONS, GENDERS
from utils.manifest import Manifest, Network
from utils.preprocessor import CropSpec

_SIZE_PX = {"emotion": 48, "gender": 56}
# Gray levels of the drawn faces by class, as the network's input -1..1.
_LEVELS = {
    "emotion": (20 + 30 * np.arange(8)) / 127.5 - 1,
    "gender": (60 + 120 * np.arange(2)) / 127.5 - 1,
}


def write_models(
    folder: Path,
    *,
    second_head: bool = True,
    int8: bool = False,
    names: Sequence[str] = ("emotion", "gender"),
) -> Path:
    """Both networks and their manifest; the second head answers FER2013's class 3 always."""
    networks = {}
    for name in names:
        channels = 1 if name == "emotion" else 3
        heads = 2 if second_head and name == "emotion" else 1
        files = [folder / f"{name}{end}" for end in (".onnx", ".int8.onnx")[: 1 + int8]]
        for file in files:
            onnx.save(_network(_LEVELS[name], _SIZE_PX[name], channels, heads), file)
        networks[name] = Network(
            file=files[0].name,
            sha256={file.name: sha256_of(file) for file in files},
            labels={"emotion": EMOTIONS, "gender": GENDERS}[name],
            crop=CropSpec(
                size_px=_SIZE_PX[name], color="gray" if channels == 1 else "rgb", margin=0.0
            ),
            sure_from=0.8,
            config={"epochs": 3, "augmentation": {"shift": 0.1}},
            data={"drawn.npz": "0" * 64},
        )
    Manifest(name="drawn", version="1", networks=networks, folder=folder).save()
    return folder


def _network(levels: np.ndarray, size_px: int, channels: int, heads: int) -> onnx.ModelProto:
    """Softmax of -200 (mean - level)^2 / 2 up to what all classes share, which is linear."""
    weights = np.repeat(200 * levels[None] / channels, channels, 0)
    constants = {
        "axes": np.array([1, 2]),
        "weights": weights.astype(np.float32),
        "bias": (-100 * levels**2).astype(np.float32),
        "nothing": np.zeros((channels, 7), np.float32),
        "seven": np.eye(7, dtype=np.float32)[3] * 9,
    }
    nodes = [helper.make_node("ReduceMean", ["faces", "axes"], ["mean"], keepdims=0)]
    for head, (kernel, bias) in enumerate([("weights", "bias"), ("nothing", "seven")][:heads]):
        nodes += [
            helper.make_node("Gemm", ["mean", kernel, bias], [f"logits{head}"]),
            helper.make_node("Softmax", [f"logits{head}"], [f"out{head}"], axis=-1),
        ]
    used = {name for node in nodes for name in node.input}
    graph = helper.make_graph(
        nodes,
        "drawn",
        [
            helper.make_tensor_value_info(
                "faces", TensorProto.FLOAT, ("n", size_px, size_px, channels)
            )
        ],
        [
            helper.make_tensor_value_info(f"out{head}", TensorProto.FLOAT, ("n", classes))
            for head, classes in enumerate([len(levels), 7][:heads])
        ],
        [numpy_helper.from_array(v, name) for name, v in constants.items() if name in used],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
