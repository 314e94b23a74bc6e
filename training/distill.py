r"""Train a network on what others say: students of an ensemble, on labelled and unlabelled faces.

    python -m training.distill emotion --teachers runs/a/average.keras runs/b/average.keras \
        --data DIR --name emotion-student

The teachers' mean opinion joins the label of every training picture, and is the only label of the
other pack's faces, which carry none for this task (noisy student, arXiv 1911.04252; distillation,
arXiv 1503.02531). The student sees augmented pictures, its teachers saw clean ones and their
mirror images. No test picture is read.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from training import train_emotion, train_gender
from training.batches import clean_input
from training.command import add_arguments, run
from training.datasets import FER_TRAIN, Faces, load_fairface, load_fer
from utils.preprocessor import CropSpec, resize_square

Targets = Mapping[str, NDArray[np.float32]]


def opinions(
    teachers: Sequence[keras.Model], images: NDArray[np.uint8], crop: CropSpec
) -> dict[str, NDArray[np.float32]]:
    """The teachers' mean distribution (n, classes) for each head, over pictures and mirrors."""
    clean = clean_input(images, crop)
    sums: dict[str, NDArray[np.float32]] = {}
    for teacher in teachers:
        for batch in (clean, np.ascontiguousarray(clean[:, :, ::-1])):
            for head, logits in teacher.predict(batch, batch_size=256, verbose=0).items():
                sums[head] = sums.get(head, 0) + keras.ops.convert_to_numpy(
                    keras.ops.softmax(logits)
                )
    share = np.float32(1 / (2 * len(teachers)))
    return {head: total * share for head, total in sums.items()}


def taught(labelled: Faces, said: Targets, share: float) -> Faces:
    """Labelled pictures whose targets are the teachers' opinion to `share`, else their own."""
    targets = {
        head: np.asarray((1 - share) * own + share * said[head], np.float32)
        for head, own in labelled.targets.items()
    }
    return replace(labelled, targets=targets)


def joined(labelled: Faces, images: NDArray[np.uint8], said: Targets) -> Faces:
    """Labelled pictures followed by pictures that have the teachers' opinion alone."""
    group = next(iter(said.values())).argmax(1)
    return Faces(
        np.concatenate([labelled.images, images]),
        {head: np.concatenate([own, said[head]]) for head, own in labelled.targets.items()},
        np.concatenate([labelled.group, group]),
    )


def other_faces(name: str, data: Path, like: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The other pack's training faces, uint8 in the size and colour of the pictures `like`."""
    if name == "emotion":
        others = load_fairface(data, "fairface_64.npz", 64).images
    else:
        fer = load_fer(data)
        others = fer.images[(fer.usage == FER_TRAIN) & fer.valid & ~fer.has_test_twin]
    spec = CropSpec(size_px=like.shape[1], color="gray" if like.ndim == 3 else "rgb", margin=0.0)
    return np.stack([resize_square(image, spec) for image in others])


def main(argv: list[str] | None = None) -> None:
    """The command line."""
    recipes = {"emotion": train_emotion, "gender": train_gender}
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    networks = parser.add_subparsers(dest="network", required=True)
    for name, script in recipes.items():
        add = networks.add_parser(name, help=f"a student of {name} networks")
        add_arguments(add, script.CONFIG)
        add.add_argument("--teachers", nargs="+", required=True, help=".keras files of runs")
        add.add_argument(
            "--share", type=float, default=0.5, help="of the teachers in a label, 0..1"
        )
        add.add_argument(
            "--labelled-only", action="store_true", help="without the other pack's faces"
        )
    parsed = parser.parse_args(argv)
    recipe = recipes[parsed.network]

    def load(data: Path) -> tuple[Faces, Faces]:
        training, validation = recipe.load(data)
        teachers = [keras.saving.load_model(file, compile=False) for file in parsed.teachers]
        crop = recipe.CONFIG.crop
        training = taught(training, opinions(teachers, training.images, crop), parsed.share)
        if not parsed.labelled_only:
            others = other_faces(parsed.network, data, training.images)
            training = joined(training, others, opinions(teachers, others, crop))
        return training, validation

    run(recipe.CONFIG, load, parsed, argv)


if __name__ == "__main__":
    main()
