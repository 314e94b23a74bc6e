"""A sheet of scenes with the faces that the network is asked for; for your own eyes only."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from PIL import Image as Pillow

from training.datasets import load_fairface
from training.detection.cutouts import cut
from training.detection.labels import Labels
from training.detection.photos import load_photos
from training.detection.scenes import Image, Scenes, SceneSpec
from training.detection.teacher import Teacher

_ROWS, _COLUMNS, _CUTOUTS = 5, 6, 400
_FACE, _DOUBTFUL, _POINT = (0, 255, 0), (255, 160, 0), (255, 0, 0)


def draw(data: Path, spec: SceneSpec, seed: int) -> Pillow.Image:
    """Scenes of validation photographs: faces green, doubtful ones orange.

    Raises `DatasetError`.
    """
    teacher = Teacher(data)
    faces = load_fairface(data, "fairface_64.npz", 64).images[:_CUTOUTS]
    scenes = Scenes(load_photos(data, "validation", teacher), cut(faces, teacher), spec)
    rng = np.random.default_rng(seed)
    tiles = [_marked(*scenes.draw(rng)) for _ in range(_ROWS * _COLUMNS)]
    rows = [np.concatenate(tiles[i : i + _COLUMNS], 1) for i in range(0, len(tiles), _COLUMNS)]
    return Pillow.fromarray(np.concatenate(rows))


def _marked(image: Image, labels: Labels) -> Image:
    out = image.copy()
    for boxes, color in ((labels.doubtful, _DOUBTFUL), (labels.boxes, _FACE)):
        for x0, y0, x1, y1 in boxes.astype(int).tolist():
            cv2.rectangle(out, (x0, y0), (x1, y1), color)
    for x, y in labels.landmarks[np.isfinite(labels.landmarks).all((1, 2))].reshape(-1, 2):
        cv2.circle(out, (int(x), int(y)), 1, _POINT, -1)
    return out
