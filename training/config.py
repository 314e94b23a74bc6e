"""What a training run depends on: stored beside the weights that it led to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from training.augmentation import Augmentation
from utils.preprocessor import CropSpec


@dataclass(frozen=True, kw_only=True)
class Head:
    """One question asked of a face: its classes, and how much its loss counts."""

    classes: int
    weight: float = 1.0
    label_smoothing: float = 0.0


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """What every run depends on, whatever it trains."""

    name: str
    epochs: int
    decay_epochs: int
    batch: int = 128
    learning_rate: float = 0.02
    weight_decay: float = 0.01
    average: float = 0.998
    start_from: str = ""
    precision: str = "float32"
    seed: int = 20

    def as_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class TrainConfig(RunConfig):
    """Everything that a classifier's run depends on; stored beside the weights it led to.

    The first head is the one that is served and watched.
    """

    crop: CropSpec
    heads: Mapping[str, Head]
    mixup: float = 0.0  # the parameter of the beta distribution; 0: pictures stay whole
    group_robustness: float = 0.0  # 0: every picture counts alike
    dropout: float = 0.2
    stem: int = 32
    blocks: tuple[tuple[int, int], ...] = ((32, 1), (80, 2), (160, 2), (160, 1))
    augmentation: Augmentation = field(default_factory=Augmentation)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> TrainConfig:
        """The inverse of `as_dict`, from JSON's lists and objects."""
        return cls(
            **{
                **values,
                "crop": CropSpec(**values["crop"]),
                "heads": {name: Head(**head) for name, head in values["heads"].items()},
                "blocks": tuple((width, stride) for width, stride in values["blocks"]),
                "augmentation": Augmentation(**values["augmentation"]),
            }
        )
