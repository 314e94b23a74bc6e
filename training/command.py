"""The command line that the training scripts share."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from training import history
from training.architectures import RESNET18
from training.averaging import NotANumber
from training.config import RunConfig, TrainConfig
from training.datasets import Faces
from training.fit import train
from training.packs import DatasetError, one_sentence

Load = Callable[[Path], tuple[Faces, Faces]]
Config = TypeVar("Config", bound=RunConfig)


def arguments(doc: str | None, default: TrainConfig) -> argparse.ArgumentParser:
    """The parser of a training script whose settings are those of `default`."""
    parser = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_arguments(parser, default)
    return parser


def add_arguments(parser: argparse.ArgumentParser, default: TrainConfig) -> None:
    """Give a parser, or that of a subcommand, the settings of a classifier's run."""
    add_run_arguments(parser, default)
    add = parser.add_argument
    add("--size-px", type=int, default=default.crop.size_px, help="a smaller one to begin with")
    add("--teacher", action="store_true", help="ResNet-18 with mixup: for a GPU, to distil from")


def add_run_arguments(parser: argparse.ArgumentParser, default: RunConfig) -> None:
    """Give a parser the settings of any run."""
    add = parser.add_argument
    add(
        "--data",
        type=Path,
        required=True,
        help="folder of the data packs, or your own: see training/folders.py",
    )
    add("--runs", type=Path, default=Path("runs"), help="checkpoints and logs")
    add("--name", default=default.name, help="of the run; the same name resumes it")
    add("--epochs", type=int, default=default.epochs)
    add(
        "--decay-epochs",
        type=int,
        default=default.decay_epochs,
        help="of them, while the rate falls",
    )
    add("--learning-rate", type=float, default=default.learning_rate)
    add("--seed", type=int, default=default.seed)
    add("--start-from", default="", help="a .keras file (or a checkpoint) to begin with")
    add("--precision", default=default.precision, help="e.g. mixed_bfloat16")


def with_arguments(default: Config, parsed: argparse.Namespace) -> Config:
    """The configuration as the command line changes it."""
    return replace(
        default,
        name=parsed.name,
        epochs=parsed.epochs,
        decay_epochs=parsed.decay_epochs,
        learning_rate=parsed.learning_rate,
        seed=parsed.seed,
        start_from=parsed.start_from,
        precision=parsed.precision,
    )


def run(
    default: TrainConfig,
    load: Load,
    parsed: argparse.Namespace,
    argv: Sequence[str] | None = None,
) -> None:
    """Train as the command line says; `argv` is what was parsed, where it is not the process's.

    Ends the process with one sentence where the data cannot be used or the loss breaks.
    """
    config = with_arguments(default, parsed)
    config = replace(config, crop=replace(config.crop, size_px=parsed.size_px))
    if parsed.teacher:
        config = replace(config, stem=64, blocks=RESNET18, mixup=0.2)
    with one_sentence():
        training, validation = load(parsed.data)
        if len(training) < config.batch:
            raise DatasetError(
                f"{parsed.data} has {len(training)} pictures to train on, fewer than one batch of "
                f"{config.batch}"
            )
    # Data of one's own may not answer every question that only helps the training.
    heads = {name: head for name, head in config.heads.items() if name in training.targets}
    config = replace(config, heads=heads)
    trained(config, parsed.runs, argv, lambda: train(config, training, validation, parsed.runs))


def trained(
    config: RunConfig, runs: Path, argv: Sequence[str] | None, act: Callable[[], Path]
) -> None:
    """Note the run, do it, and say where its network lies; a broken loss ends the process."""
    history.begin(runs / config.name, config.start_from, argv)
    try:
        print(f"averaged weights: {act()}")
    except NotANumber as error:
        raise SystemExit(str(error)) from None


def command(
    doc: str | None, default: TrainConfig, load: Load, argv: list[str] | None = None
) -> None:
    """The whole command of a training script."""
    run(default, load, arguments(doc, default).parse_args(argv), argv)
