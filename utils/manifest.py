"""trained_models/manifest.json: which weights there are, what they read and what they are worth.

Training writes it, serving reads it; a file that is not the one whose sha256 stands there is
refused, because a network with other weights answers with confidence all the same.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from utils.errors import ModelError
from utils.preprocessor import CropSpec
from utils.settings import ROOT

MODELS = ROOT / "trained_models"
_FILE_NAME = "manifest.json"


@dataclass(frozen=True, kw_only=True)
class Network:
    """One trained network: its files, what it reads, what it answers, what was measured.

    `sha256` maps file names to digests; `sure_from` is the probability from which an answer
    counts as sure; `data` maps the packs it was trained on to their sha256.
    """

    file: str
    sha256: Mapping[str, str]
    labels: tuple[str, ...]
    crop: CropSpec
    sure_from: float
    temperature: float = 1.0
    metrics: Mapping[str, float] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """All networks of one release of the weights, which lie in `folder`."""

    name: str
    version: str
    networks: Mapping[str, Network]
    folder: Path = MODELS

    @classmethod
    def load(cls, folder: Path = MODELS) -> Manifest:
        """Read the manifest of a folder. Raises `ModelError`."""
        path = folder / _FILE_NAME
        try:
            shape = json.loads(path.read_text(encoding="utf-8"))
            networks = {name: _network(entry) for name, entry in shape["networks"].items()}
            return cls(
                name=shape["name"], version=shape["version"], networks=networks, folder=folder
            )
        except OSError:
            raise ModelError(f"{path} is missing; get it from the repository") from None
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ModelError(f"{path} is damaged: {error!r}") from None

    def save(self) -> None:
        """Write the manifest into its folder."""
        shape = asdict(self)
        del shape["folder"]
        text = json.dumps(shape, indent=2, ensure_ascii=False)
        (self.folder / _FILE_NAME).write_text(text + "\n", encoding="utf-8")

    def read_weights(self, name: str) -> bytes:
        """The bytes of a network's served file, checked. Raises `ModelError`."""
        network = self.networks.get(name)
        if network is None:
            raise ModelError(f"the manifest knows no network {name!r}")
        path = self.folder / network.file
        try:
            data = path.read_bytes()
        except OSError:
            raise ModelError(f"{path} is missing; get it from the repository") from None
        if hashlib.sha256(data).hexdigest() != network.sha256.get(network.file):
            raise ModelError(
                f"{path} is not the file that {_FILE_NAME} describes (its sha256 differs); "
                "get both from the same release"
            )
        return data


def _network(entry: dict[str, Any]) -> Network:
    crop = CropSpec(**entry.pop("crop"))
    return Network(**{**entry, "labels": tuple(entry["labels"]), "crop": crop})
