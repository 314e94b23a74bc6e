"""YuNet as a teacher and a rival: its published weights, run and decoded as its authors say.

Wu et al., YuNet, Machine Intelligence Research 2023; the file lies beside the data packs and is
never part of this project. It reads BGR 0..255; score = sqrt(cls * obj), centre = (cell +
bbox[0:2]) * stride, size = exp(bbox[2:4]) * stride.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from training.packs import DatasetError
from utils.cells import STRIDES, Found, joined, suppressed

FILE = Path("teacher") / "yunet_n_dynamic.onnx"
_OUTPUTS = ("cls", "obj", "bbox", "kps")


class Teacher:
    """Finds faces and their landmarks; one thread. Raises `DatasetError` where its file is not."""

    def __init__(self, data: Path) -> None:
        file = data / FILE
        if not file.is_file():
            raise DatasetError(f"{file} is missing: the teacher's weights lie beside the packs")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            str(file), options, providers=["CPUExecutionProvider"]
        )
        self._input = self._session.get_inputs()[0].name

    def find(self, image_rgb: NDArray[np.uint8], scale: float, from_score: float = 0.4) -> Found:
        """Faces of a picture (h, w, 3) looked at in `scale`, in the picture's own pixels."""
        size = [max(1, round(side * scale)) for side in image_rgb.shape[1::-1]]
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        small = image_rgb if scale == 1 else cv2.resize(image_rgb, size, interpolation=how)
        height, width = (-(-side // 32) * 32 for side in small.shape[:2])
        padded = np.zeros((1, 3, height, width), np.float32)
        padded[0, :, : small.shape[0], : small.shape[1]] = small[..., ::-1].transpose(2, 0, 1)
        names = [f"{kind}_{stride}" for stride in STRIDES for kind in _OUTPUTS]
        rows = dict(zip(names, self._session.run(names, {self._input: padded}), strict=True))
        found = []
        for stride in STRIDES:
            cls, obj, bbox, kps = (rows[f"{kind}_{stride}"][0] for kind in _OUTPUTS)
            score = np.sqrt(np.clip(cls[:, 0], 0, 1) * np.clip(obj[:, 0], 0, 1))
            kept = np.flatnonzero(score >= from_score)
            cell = np.stack([kept % (width // stride), kept // (width // stride)], 1)
            centre = (cell + bbox[kept, :2]) * stride
            half = np.exp(bbox[kept, 2:]) * stride / 2
            points = (kps[kept].reshape(-1, 5, 2) + cell[:, None]) * stride
            boxes = np.concatenate([centre - half, centre + half], 1)
            found.append(Found(boxes, score[kept], points))
        return suppressed(joined(found)).scaled(1 / scale, 1 / scale)
