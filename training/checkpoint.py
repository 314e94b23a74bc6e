"""Keep the averaged network of an unfinished run small enough to be committed.

    python -m training.checkpoint RUN [--runs runs]

Writes training/checkpoints/RUN/average.npz (kernels in half precision) and its history; on any
machine a run goes on from there with `--start-from training/checkpoints/RUN/average.npz`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import keras
import numpy as np

from training import history
from training.architectures import weights_of
from utils.settings import ROOT

FOLDER = ROOT / "training" / "checkpoints"
_SMALL = 4096  # values; normalisations and biases stay in full precision


def keep(run: Path, folder: Path = FOLDER) -> Path:
    """Write the checkpoint of a run and return its file."""
    model = keras.saving.load_model(run / "average.keras", compile=False)
    arrays = {
        f"{layer}.{i}": weights.astype(np.float16) if weights.size >= _SMALL else weights
        for layer, every in weights_of(model).items()
        for i, weights in enumerate(every)
    }
    target = folder / run.name
    target.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(target / "average.npz", allow_pickle=False, **arrays)
    history.copy(run, target)
    return target / "average.npz"


def main(argv: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", help="its name")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="where training wrote")
    arguments = parser.parse_args(argv)
    file = keep(arguments.runs / arguments.run)
    print(f"{file}: {file.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
