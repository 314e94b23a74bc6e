"""The served networks: checked ONNX files that turn crops into opinions, one batch a photo."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from utils.errors import ModelError
from utils.faces import Opinion
from utils.labels import LABELS_OF
from utils.manifest import Manifest
from utils.preprocessor import CropSpec, Image, to_input
from utils.sessions import Session

# A network trained on seven expressions has no opinion on contempt; a gender has two sides.
_MAY_LACK_LABELS = ("emotion",)


class Classifier:
    """One network; `predict` may be called from several threads at once.

    `labels` are ours, in our order, whatever order the manifest gives; those that the network
    lacks get probability 0.

    Raises `ModelError` where the weights are missing, altered or not what the manifest says.
    """

    def __init__(self, name: str, manifest: Manifest) -> None:
        weights = manifest.read_weights(name)
        network = manifest.networks[name]
        self.manifest = manifest
        self.crop: CropSpec = network.crop
        self.labels: tuple[str, ...] = LABELS_OF.get(name, network.labels)
        self._columns = _columns(name, network.labels, self.labels)
        self._sure_from = network.sure_from
        self._session = Session(weights, network)

    def predict(self, crops: Sequence[Image]) -> list[Opinion]:
        """One opinion a crop, in order; crops are uint8 as `utils.preprocessor.crop` cuts them."""
        if not crops:
            return []
        return [self._opinion(row) for row in self.probabilities(to_input(crops, self.crop))]

    def probabilities(self, batch: NDArray[np.float32], *, output: int = 0) -> NDArray[np.float32]:
        """(n, classes) float32, rows summing to 1, for a batch made by `to_input`.

        Output 0 is in the order of `labels`; a network may answer more questions after it.
        """
        rows = self._session.run(batch, output)
        if output != 0 or self._columns == list(range(len(self.labels))):
            return rows
        ours = np.zeros((len(rows), len(self.labels)), np.float32)
        ours[:, self._columns] = rows
        return ours

    def _opinion(self, row: NDArray[np.float32]) -> Opinion:
        values = tuple(float(value) for value in row)
        return Opinion(self.labels, values, sure=max(values) >= self._sure_from)


def _columns(name: str, theirs: tuple[str, ...], ours: tuple[str, ...]) -> list[int]:
    """For each label of the network its place among ours. Raises `ModelError`."""
    for label in theirs:
        if label not in ours:
            raise ModelError(
                f"{label!r} is not among the labels of {name!r}, which are {', '.join(ours)}"
            )
    if len(set(theirs)) != len(theirs):
        raise ModelError(f"the labels of {name!r} repeat one: {', '.join(theirs)}")
    if len(theirs) != len(ours) and name not in _MAY_LACK_LABELS:
        raise ModelError(f"the labels of {name!r} must be all of {', '.join(ours)}")
    return [ours.index(label) for label in theirs]
