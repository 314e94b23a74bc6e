"""The data packs on disk: known by their sha256, refused in one sentence where they are not.

A figure is worth what the data behind it are worth, so a pack that is cut off, damaged or another
version is an error. Whoever means to use other packs (a test's drawn ones, a newer version) states
their sums in a `SHA256SUMS` beside them, as `sha256sum *.npz > SHA256SUMS` writes it.
"""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

SHA256 = {
    "fer2013.npz": "98a980c61cfdca970f78d45aaee40bfcf651c5386adeee1513fa1cce79e6ee32",
    "fairface_64.npz": "b9b06e3cfc3a7da8fa7a263f9b48e99f0cf038fa4b92671a1c959fca8834049a",
    "fairface_val_112.npz": "60661e5b103785719a87ee4629b62908c23893e8955f5f29ae434e1d2812d29b",
    "faces_det_train_masks.zip": "1b4156f8e52884836cd14682ba4427bd00539a25a826478c8a13f017dedc5c41",
    "faces_det_train_teacher.zip": (
        "e98665cf10cfb53bf09df93443f006331c25b6f8dd6c16cfc70090be7de44f18"
    ),
}
SUMS_FILE = "SHA256SUMS"


class DatasetError(Exception):
    """Data that cannot be used; the text is the sentence that the user reads."""


@contextmanager
def one_sentence() -> Iterator[None]:
    """For a command: a `DatasetError` ends it with status 1 and its sentence, without a stack."""
    try:
        yield
    except DatasetError as error:
        raise SystemExit(str(error)) from None


def checked(data: Path, name: str) -> Path:
    """The path of a pack in folder `data`, its bytes being the known ones.

    Raises `DatasetError`.
    """
    path = data / name
    if not path.is_file():
        raise DatasetError(f"{path} is missing: {data} must hold the data packs")
    if sha256_of(path) != _expected(data, name):
        if not zipfile.is_zipfile(path):
            raise DatasetError(
                f"{path} is cut off or damaged ({path.stat().st_size:,} bytes); get it again"
            )
        raise DatasetError(
            f"{path} is not the known pack (its sha256 differs); get it again, or state the sum "
            f"of your own in {data / SUMS_FILE}"
        )
    return path


def read_pack(data: Path, name: str, arrays: tuple[str, ...]) -> dict[str, NDArray[Any]]:
    """The named arrays of a checked `.npz`; nothing pickled is ever read. Raises `DatasetError`."""
    path = checked(data, name)
    try:
        with np.load(path) as pack:
            return {array: pack[array] for array in arrays}
    except KeyError as error:
        raise DatasetError(f"{path} lacks an array: {error.args[0]}") from None
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise DatasetError(f"{path} cannot be read: {error}") from None


def sha256_of(path: Path) -> str:
    """The sha256 of a file in hexadecimal, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for piece in iter(lambda: file.read(1 << 20), b""):
            digest.update(piece)
    return digest.hexdigest()


def _expected(data: Path, name: str) -> str:
    """What the folder's own sums say, or what is known of the published pack."""
    try:
        lines = (data / SUMS_FILE).read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    stated = {line[66:].strip(): line[:64].lower() for line in lines}
    return stated.get(name, SHA256[name])
