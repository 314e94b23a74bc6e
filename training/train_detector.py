"""Train the face detector on photographs, on faces pasted into them, and by a teacher's answers.

    python -m training.train_detector --data DIR [--preview sheet.png]

The network is `training.detection.network`, its pictures are `training.detection.scenes`, what it
is asked is `training.detection.targets`. Beside what the teacher answers it learns what the
teacher sees before it answers (hints, arXiv 1412.6550), which no exported file holds. Photographs
that hold no face and in which it sees one come back more often in the next epoch. A fifth of the
photographs is never read here.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import keras
import numpy as np
from numpy.typing import NDArray

from training.command import add_run_arguments, trained, with_arguments
from training.config import RunConfig
from training.detection import preview
from training.detection.cutouts import load_cutouts
from training.detection.judge import Judge, highest_scores
from training.detection.labels import Labels
from training.detection.network import face_detector
from training.detection.photos import load_photos
from training.detection.scenes import Image, Scenes, SceneSpec
from training.detection.targets import DetectionLoss, assign
from training.detection.teacher import HINTS, Teacher
from training.fit import fit
from training.packs import one_sentence

# A score from which a photograph without a face is one the network is wrong about.
_FALSE_ALARM = 0.2
_COMES_BACK = 5.0
# The photographs whose boxes people drew are mostly of masked people in streets, from the front.
_OTHERS = 2.0


@dataclass(frozen=True, kw_only=True)
class DetectorConfig(RunConfig):
    """Everything that a detector's run depends on; stored beside the weights it led to."""

    steps: int  # of an epoch
    width: int = 64
    scenes: SceneSpec = field(default_factory=SceneSpec)


CONFIG = DetectorConfig(
    name="detector",
    epochs=40,
    decay_epochs=28,
    batch=16,
    steps=400,
    learning_rate=0.01,
    weight_decay=0.005,
)


class SceneBatches(keras.utils.PyDataset):  # type: ignore[misc]
    """Batches of scenes; what epoch e, batch i holds depends on the seed and the weights alone."""

    def __init__(self, scenes: Scenes, teacher: Teacher, config: DetectorConfig) -> None:
        super().__init__(workers=2, max_queue_size=4)
        cv2.setNumThreads(1)
        self.scenes, self.config, self.epoch = scenes, config, 0
        self._teacher = teacher

    def __len__(self) -> int:
        return self.config.steps

    def __getitem__(self, i: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        config = self.config
        rng = np.random.default_rng((config.seed, self.epoch, i))
        drawn = [self.scenes.draw(rng) for _ in range(config.batch)]
        targets = [self._targets(image, labels) for image, labels in drawn]
        return np.stack([image for image, _ in drawn]).astype(np.float32), np.stack(targets)

    def _targets(self, image: Image, labels: Labels) -> NDArray[np.float32]:
        rows, hints = self._teacher.rows_and_hints(image)
        return np.concatenate([assign(labels, self.config.scenes.side_px, rows), hints], axis=1)


def train(config: DetectorConfig, data: Path, runs: Path) -> Path:
    """Train, or go on; returns the path of the averaged network. Raises `DatasetError`."""
    teacher = Teacher(data)
    photos = load_photos(data, "training", teacher)
    judge = Judge(load_photos(data, "validation", teacher), config.scenes.side_px)
    scenes = Scenes(photos, load_cutouts(data, teacher), config.scenes)
    batches = SceneBatches(scenes, teacher, config)
    scenes.weights[:] = [1.0 if photo.drawn_by_people else _OTHERS for photo in photos]
    empty = [i for i, photo in enumerate(photos) if photo.labels.complete]
    nothing_there = [photos[i].image_rgb() for i in empty]

    def bring_back(model: keras.Model) -> None:
        if batches.epoch:
            scores = highest_scores(model, nothing_there, config.scenes.side_px)
            scenes.weights[empty] = np.where(scores >= _FALSE_ALARM, _COMES_BACK, _OTHERS)

    print(f"{len(photos):,} photographs, {len(empty)} of them without a face")
    return fit(
        config,
        lambda: face_detector(width=config.width, hints=HINTS),
        batches,
        runs,
        judge=judge,
        prepare=bring_back,
        loss=DetectionLoss(config.scenes.side_px),
    )


def main(argv: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_run_arguments(parser, CONFIG)
    parser.add_argument("--preview", type=Path, help="only draw some scenes into this PNG file")
    parsed = parser.parse_args(argv)
    config = with_arguments(CONFIG, parsed)
    with one_sentence():
        if parsed.preview:
            preview.draw(parsed.data, config.scenes, config.seed).save(parsed.preview)
            print(f"scenes: {parsed.preview}")
            return
        trained(config, parsed.runs, argv, lambda: train(config, parsed.data, parsed.runs))


if __name__ == "__main__":
    main()
