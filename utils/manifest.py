"""manifest.json beside the weights: which there are, what they read and what they are worth.

Training writes that of trained_models/, people write those of networks of their own
(docs/models.md), serving reads them; a file that is not the one whose sha256 stands there is
refused, because a network with other weights answers with confidence all the same.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from utils.errors import ModelError
from utils.preprocessor import CropSpec
from utils.settings import ROOT

MODELS = ROOT / "trained_models"
_FILE_NAME = "manifest.json"
_Kind = TypeVar("_Kind", CropSpec, "Network", "DetectorNetwork")


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

    def __post_init__(self) -> None:
        labels = self.labels
        named = isinstance(labels, tuple) and all(isinstance(label, str) for label in labels)
        if not named or len(labels) < 2:
            raise ValueError("labels must be a list of at least two names")
        if not isinstance(self.sure_from, int | float) or not 0 <= self.sure_from <= 1:
            raise ValueError("sure_from must be a number from 0 to 1")
        _check_file(self.file, self.sha256)


@dataclass(frozen=True, kw_only=True)
class DetectorNetwork:
    """The network that finds faces: its file, what its scores mean, what was measured.

    `slope` and `offset` turn a score's logit into the logit of the share of such boxes that are
    faces.
    """

    file: str
    sha256: Mapping[str, str]
    slope: float = 1.0
    offset: float = 0.0
    metrics: Mapping[str, float] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_file(self.file, self.sha256)
        for name in ("slope", "offset"):
            value = getattr(self, name)
            if not isinstance(value, int | float) or not math.isfinite(value):
                raise ValueError(f"{name} must be a number")
        if self.slope <= 0:
            raise ValueError("slope must be above 0")

    def confidence(self, logit: float) -> float:
        """The share of boxes with this score that are faces, 0..1."""
        return 1 / (1 + math.exp(-max(-50.0, self.slope * logit + self.offset)))

    def logit_of(self, confidence: float) -> float:
        """The score's logit that has this confidence: the inverse of `confidence`."""
        return (math.log(confidence / (1 - confidence)) - self.offset) / self.slope


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """All networks of one release of the weights, which lie in `folder`."""

    name: str
    version: str
    networks: Mapping[str, Network]
    detector: DetectorNetwork | None = None
    folder: Path = MODELS

    @classmethod
    def load(cls, folder: Path = MODELS) -> Manifest:
        """Read the manifest of a folder. Raises `ModelError`."""
        path = folder / _FILE_NAME
        data = _read(path)
        try:
            shape = _object(json.loads(data.decode("utf-8")), "it")
            for key in ("name", "version"):
                if not isinstance(shape.get(key), str) or not shape[key]:
                    raise ValueError(f"{key} must be a text")
            networks = _object(shape.get("networks"), "networks")
            return cls(
                name=shape["name"],
                version=shape["version"],
                networks={name: _network(entry, name) for name, entry in networks.items()},
                detector=_filled(DetectorNetwork, shape["detector"], "detector")
                if shape.get("detector") is not None
                else None,
                folder=folder,
            )
        except ValueError as error:
            raise ModelError(f"{path} cannot be used: {error}") from None

    def save(self) -> None:
        """Write the manifest into its folder."""
        shape = asdict(self)
        del shape["folder"]
        if self.detector is None:
            del shape["detector"]
        text = json.dumps(shape, indent=2, ensure_ascii=False)
        (self.folder / _FILE_NAME).write_text(text + "\n", encoding="utf-8")

    def read_weights(self, name: str) -> bytes:
        """The bytes of a network's served file, checked. Raises `ModelError`."""
        network = self.networks.get(name)
        if network is None:
            raise ModelError(f"{self.folder / _FILE_NAME} knows no network {name!r}")
        return self._checked(network)

    def read_detector(self) -> tuple[bytes, DetectorNetwork]:
        """The bytes of the detector's file, checked, and its entry. Raises `ModelError`."""
        if self.detector is None:
            raise ModelError(f"{self.folder / _FILE_NAME} knows no detector")
        return self._checked(self.detector), self.detector

    def _checked(self, network: Network | DetectorNetwork) -> bytes:
        path = self.folder / network.file
        data = _read(path)
        if hashlib.sha256(data).hexdigest() != network.sha256.get(network.file):
            raise ModelError(
                f"{path} is not the file that {_FILE_NAME} describes (its sha256 differs); "
                "get both from the same release"
            )
        return data


def _check_file(file: object, sha256: object) -> None:
    if not isinstance(file, str) or Path(file).name != file:
        raise ValueError("file must be the name of a file in the manifest's folder")
    if not isinstance(sha256, Mapping) or file not in sha256:
        raise ValueError(f"sha256 must map file names to digests, {file!r} among them")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise ModelError(f"{path} is missing") from None
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}") from None


def _network(entry: object, name: str) -> Network:
    values = dict(_object(entry, name))
    if "crop" in values:
        values["crop"] = _filled(CropSpec, values["crop"], f"{name}.crop")
    if isinstance(values.get("labels"), list):
        values["labels"] = tuple(values["labels"])
    return _filled(Network, values, name)


def _filled(kind: type[_Kind], entry: object, where: str) -> _Kind:
    """A dataclass from its fields in JSON; `ValueError` names what is too much, lacks or is wrong.

    A field that nobody knows is refused: it may well be one that was meant, spelled wrongly.
    """
    values = _object(entry, where)
    known = {spec.name: spec for spec in fields(kind)}
    unknown = [name for name in values if name not in known]
    if unknown:
        raise ValueError(f"{where} has no field {', '.join(unknown)}")
    lacking = [
        name
        for name, spec in known.items()
        if name not in values and spec.default is MISSING and spec.default_factory is MISSING
    ]
    if lacking:
        raise ValueError(f"{where} lacks {', '.join(lacking)}")
    try:
        return kind(**values)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{where}: {error}") from None


def _object(value: object, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{where} must be an object")
    return value
