"""YuNet as a teacher and a rival: its published weights, run and decoded as its authors say.

Wu et al., YuNet, Machine Intelligence Research 2023; the file lies beside the data packs and is
never part of this project. It reads BGR 0..255; score = sqrt(cls * obj), centre = (cell +
bbox[0:2]) * stride, size = exp(bbox[2:4]) * stride.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

from training.packs import DatasetError
from utils.cells import STRIDES, UNIT, Found, decode, suppressed

FILE = Path("teacher") / "yunet_n_dynamic.onnx"
_OUTPUTS = ("cls", "obj", "bbox", "kps")
_NAMES = [f"{kind}_{stride}" for stride in STRIDES for kind in _OUTPUTS]
# What it sees before it answers, 64 channels each: the end of a stage, and what its heads read.
_SEEN = {8: ("241", "287"), 16: ("250", "291"), 32: ("259", "295")}
HINTS = 2 * 64


class Teacher:
    """Finds faces and their landmarks; one thread. Raises `DatasetError` where its file is not."""

    def __init__(self, data: Path) -> None:
        file = data / FILE
        if not file.is_file():
            raise DatasetError(f"{file} is missing: the teacher's weights lie beside the packs")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        network = onnx.load(str(file))
        network.graph.output.extend(
            onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None)
            for names in _SEEN.values()
            for name in names
        )
        self._session = onnxruntime.InferenceSession(
            network.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        self._input = self._session.get_inputs()[0].name

    def rows(self, picture_rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Its answer (cells, 15), as `utils.cells` reads it.

        The picture is RGB (h, w, 3), its sides multiples of 32.
        """
        return _as_rows(self._said(picture_rgb, _NAMES))

    def rows_and_hints(
        self, picture_rgb: NDArray[np.uint8]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Its answer (cells, 15), and what it sees in each cell (cells, 128)."""
        inner = [name for names in _SEEN.values() for name in names]
        said = self._said(picture_rgb, [*_NAMES, *inner])
        hints = [
            np.concatenate([said[name][0].reshape(64, -1).T for name in _SEEN[stride]], 1)
            for stride in STRIDES
        ]
        return _as_rows(said), np.concatenate(hints)

    def _said(
        self, picture_rgb: NDArray[np.uint8], names: list[str]
    ) -> dict[str, NDArray[np.float32]]:
        batch = picture_rgb[None, ..., ::-1].transpose(0, 3, 1, 2).astype(np.float32)
        return dict(zip(names, self._session.run(names, {self._input: batch}), strict=True))

    def find(self, image_rgb: NDArray[np.uint8], scale: float, from_score: float = 0.4) -> Found:
        """Faces of a picture (h, w, 3) looked at in `scale`, in the picture's own pixels.

        Scores are shares of 1.
        """
        size = [max(1, round(side * scale)) for side in image_rgb.shape[1::-1]]
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        small = image_rgb if scale == 1 else cv2.resize(image_rgb, size, interpolation=how)
        height, width = (-(-side // 32) * 32 for side in small.shape[:2])
        padded = np.zeros((height, width, 3), np.uint8)
        padded[: small.shape[0], : small.shape[1]] = small
        from_logit = float(np.log(from_score / (1 - from_score)))
        found = suppressed(decode(self.rows(padded), height, width, from_logit))
        shares = (1 / (1 + np.exp(-found.scores))).astype(np.float32)
        return Found(found.boxes, shares, found.landmarks).scaled(1 / scale, 1 / scale)


def _as_rows(said: Mapping[str, NDArray[np.float32]]) -> NDArray[np.float32]:
    parts = []
    for stride in STRIDES:
        cls, obj, bbox, kps = (said[f"{kind}_{stride}"][0] for kind in _OUTPUTS)
        score = np.sqrt(np.clip(cls, 0, 1) * np.clip(obj, 0, 1)).clip(1e-6, 1 - 1e-6)
        parts.append(
            # Its places count from a cell's corner in strides, ours from its centre in units.
            np.concatenate(
                [
                    np.log(score / (1 - score)),
                    (bbox[:, :2] - 0.5) / UNIT,
                    bbox[:, 2:] - np.log(UNIT),
                    (kps - 0.5) / UNIT,
                ],
                axis=1,
            )
        )
    return np.concatenate(parts).astype(np.float32)
