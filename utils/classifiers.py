"""The served networks: ONNX Runtime sessions that turn crops into opinions, one batch a photo."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

# The runtime reports to its maker unless this stands in the environment before it is loaded.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
import onnxruntime

from utils.errors import ModelError
from utils.faces import Opinion
from utils.manifest import Manifest
from utils.preprocessor import CropSpec, Image, to_input


class Classifier:
    """One network; `predict` may be called from several threads at once.

    Raises `ModelError` where the weights are missing, altered or of another shape than the
    manifest says.
    """

    def __init__(self, name: str, manifest: Manifest) -> None:
        weights = manifest.read_weights(name)
        network = manifest.networks[name]
        self.crop: CropSpec = network.crop
        self.labels = network.labels
        self._sure_from = network.sure_from
        try:
            self._session = onnxruntime.InferenceSession(
                weights, _options(), providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # noqa: BLE001  the runtime has no public error type
            raise ModelError(f"ONNX Runtime refuses {network.file}: {error}") from None
        self._input = self._session.get_inputs()[0].name
        self._outputs = [output.name for output in self._session.get_outputs()]
        outputs = self._session.get_outputs()[0].shape[-1]
        if outputs != len(self.labels):
            raise ModelError(f"{network.file} has {outputs} outputs for {len(self.labels)} labels")

    def predict(self, crops: Sequence[Image]) -> list[Opinion]:
        """One opinion a crop, in order; crops are uint8 as `utils.preprocessor.crop` cuts them."""
        if not crops:
            return []
        return [self._opinion(row) for row in self.probabilities(to_input(crops, self.crop))]

    def probabilities(self, batch: NDArray[np.float32], *, output: int = 0) -> NDArray[np.float32]:
        """(n, classes) float32, rows summing to 1, for a batch made by `to_input`.

        Output 0 has the manifest's labels; a network may answer more questions after it.
        """
        names = [self._outputs[output]]
        return np.asarray(self._session.run(names, {self._input: batch})[0], np.float32)

    def _opinion(self, row: NDArray[np.float32]) -> Opinion:
        values = tuple(float(value) for value in row)
        return Opinion(self.labels, values, sure=max(values) >= self._sure_from)


def _options() -> onnxruntime.SessionOptions:
    """One thread a session: the runtime's own pool is sized by the machine and sessions fight."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return options
