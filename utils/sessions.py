"""A network's ONNX file as a function of a batch, refused at load where it cannot be served.

A network that is fed or read wrongly answers with confidence all the same, so whatever can be
found out without a photo is found out here: what it reads, how much it answers, and, in a trial
run, whether the answers are probabilities.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

# The runtime reports to its maker unless this stands in the environment before it is loaded.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
import onnxruntime

from utils.errors import ModelError
from utils.manifest import Network
from utils.preprocessor import to_input

Batch = NDArray[np.float32]
# What `utils.faces.Opinion` takes for a distribution.
_TOLERANCE = 1e-3
# Above what a dynamically quantised network makes of its batch, below what batch statistics do.
_MAX_DIFFERENCE = 0.05
_MAX_REASON_CHARACTERS = 300


class Session:
    """One file in ONNX Runtime; `run` may be called from several threads at once.

    Raises `ModelError` where the file is not what its entry in the manifest says.
    """

    def __init__(self, weights: bytes, network: Network) -> None:
        self._file = network.file
        self._session = opened(weights, network.file)
        self._input, self._one_by_one = _input_of(self._session, network)
        self._outputs = [output.name for output in self._session.get_outputs()]
        self._try(network)

    def run(self, batch: Batch, output: int = 0) -> Batch:
        """Rows (n, classes) float32 of one of the outputs, for at least one input of `to_input`."""
        names = [self._outputs[output]]
        parts = [batch[i : i + 1] for i in range(len(batch))] if self._one_by_one else [batch]
        rows = [self._session.run(names, {self._input: part})[0] for part in parts]
        return np.asarray(rows[0] if len(rows) == 1 else np.concatenate(rows), np.float32)

    def _try(self, network: Network) -> None:
        """A gray picture and one of noise, together and alone."""
        shape = (network.crop.size_px, network.crop.size_px, network.crop.channels)
        noise = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
        batch = to_input(np.stack([np.full(shape, 128, np.uint8), noise]), network.crop)
        together = tried(partial(self.run, batch), self._file)
        alone = [tried(partial(self.run, face[None]), self._file) for face in batch]
        self._judge(together, (len(batch), len(network.labels)))
        if np.abs(together - np.concatenate(alone)).max() > _MAX_DIFFERENCE:
            raise ModelError(
                f"{self._file} answers differently for a face alone and among others: export it "
                "in evaluation mode"
            )

    def _judge(self, rows: Batch, wanted: tuple[int, int]) -> None:
        if rows.shape != wanted:
            if rows.ndim == 2 and len(rows) == wanted[0]:
                found = f"{rows.shape[1]} outputs for {wanted[1]} labels"
            else:
                found = f"a first output of shape {rows.shape} where {wanted} is read"
            raise ModelError(f"{self._file} has {found}")
        sums = rows.sum(1)
        inside = (rows >= -_TOLERANCE).all() and (rows <= 1 + _TOLERANCE).all()
        # Written so that NaN, which compares as false with everything, is refused as well.
        if not (inside and (np.abs(sums - 1) <= _TOLERANCE).all()):
            raise ModelError(
                f"{self._file} does not answer with probabilities (one answer reaches from "
                f"{rows[0].min():.3g} to {rows[0].max():.3g} and sums to {sums[0]:.3g}): "
                "end it with a softmax over the labels"
            )


def opened(weights: bytes, file: str) -> Any:
    """A session of ONNX Runtime. Raises `ModelError`.

    One thread each: the runtime's own pool is sized by the machine and sessions fight.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    # The arena keeps the most that any picture ever needed, in each session for itself: 20 MB.
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 4  # what fails is raised, and said once by whoever catches it
    try:
        return onnxruntime.InferenceSession(weights, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # noqa: BLE001  the runtime has no public error type
        raise ModelError(f"ONNX Runtime refuses {file}: {_one_line(error)}") from None


def tried(act: Callable[[], Batch], file: str) -> Batch:
    """What a trial run of a session answers. Raises `ModelError`."""
    try:
        return act()
    except Exception as error:  # noqa: BLE001  the runtime has no public error type
        raise ModelError(f"{file} fails in a trial run: {_one_line(error)}") from None


def _input_of(session: Any, network: Network) -> tuple[str, bool]:
    """The input's name, and whether it takes a single face at a time."""
    inputs, crop = session.get_inputs(), network.crop
    if len(inputs) != 1:
        raise ModelError(f"{network.file} has {len(inputs)} inputs where one is fed: the crops")
    (faces,) = inputs
    if faces.type != "tensor(float)":
        raise ModelError(f"{network.file} reads {faces.type} where float32 is fed")
    wanted = (1, crop.size_px, crop.size_px, crop.channels)
    given = faces.shape
    # A dimension that is no number has a name or none, and takes any size.
    fits = len(given) == len(wanted) and all(
        not isinstance(size, int) or size == fed for size, fed in zip(given, wanted, strict=True)
    )
    if not fits:
        shape = ", ".join(str(size) if isinstance(size, int) else "n" for size in given)
        fed = ", ".join(str(size) for size in wanted[1:])
        raise ModelError(
            f"{network.file} reads ({shape}) where its crop makes (n, {fed}): any number of faces, "
            "or one, with the colours last"
        )
    return faces.name, isinstance(given[0], int)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:_MAX_REASON_CHARACTERS] or type(error).__name__
