"""onnxruntime-web (MIT) computes the networks in a browser: fetched once, known by its hash."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import os
import tarfile
import urllib.request
from http.client import HTTPException
from pathlib import Path

VERSION = "1.30.0"
FILES = ("ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm")
_ARCHIVE = f"https://registry.npmjs.org/onnxruntime-web/-/onnxruntime-web-{VERSION}.tgz"
_SHA512 = "q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ=="
VAR = Path(__file__).resolve().parent.parent / "var"
_TIMEOUT_S = 20.0


class RuntimeUnavailable(Exception):
    """onnxruntime-web is not there and cannot be fetched; the text says why."""


def folder(kept_in: Path = VAR) -> Path:
    """Where it lies, in `kept_in`: each file, and beside it the same compressed with gzip."""
    return kept_in / f"onnxruntime-web-{VERSION}"


def is_there(kept_in: Path = VAR) -> bool:
    """Whether it was fetched before."""
    return all((folder(kept_in) / f"{name}.gz").is_file() for name in FILES)


def fetch(kept_in: Path = VAR, archive: str = _ARCHIVE) -> Path:
    """Its folder, after fetching it (33 MB) where it is not there yet.

    Raises `RuntimeUnavailable`.
    """
    if not is_there(kept_in):
        _unpack(_checked(archive), folder(kept_in))
    return folder(kept_in)


def _checked(archive: str) -> bytes:
    try:
        with urllib.request.urlopen(archive, timeout=_TIMEOUT_S) as answer:  # noqa: S310 - a constant https address
            data: bytes = answer.read()
    except (OSError, HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise RuntimeUnavailable(
            f"onnxruntime-web {VERSION} could not be fetched from {archive}: {reason}"
        ) from None
    if base64.b64encode(hashlib.sha512(data).digest()).decode() != _SHA512:
        raise RuntimeUnavailable(f"{archive} is not the known file (its sha512 differs)")
    return data


def _unpack(archive: bytes, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for name in FILES:
            member = tar.extractfile(f"package/dist/{name}")
            assert member is not None  # noqa: S101  the sha512 was right
            data = member.read()
            _write(out / name, data)
            # What tells that the file is there is written after it.
            _write(out / f"{name}.gz", gzip.compress(data, mtime=0))


def _write(path: Path, data: bytes) -> None:
    """In one step, for those who start at the same moment."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    unfinished.write_bytes(data)
    unfinished.replace(path)
