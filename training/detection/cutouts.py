"""Single faces to paste: FairFace's training pictures, their boxes and landmarks by the teacher."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from training.datasets import gender_split, load_fairface
from training.detection.scenes import Cutout, Image
from training.detection.teacher import Teacher

_SIDE_PX = 64
_LOOKED_AT = 2.0  # the teacher is at its best with faces of about 90 pixels
_AT_LEAST = 0.6


def load_cutouts(data: Path, teacher: Teacher) -> list[Cutout]:
    """Nine tenths of FairFace's training faces. Raises `DatasetError`.

    Pictures in which the teacher sees no face or several are left out: a face without a box, or a
    second one, would teach that it is none.
    """
    images = gender_split(load_fairface(data, "fairface_64.npz", _SIDE_PX), validation=False).images
    return cut(images, teacher)


def cut(images: Sequence[Image] | Image, teacher: Teacher) -> list[Cutout]:
    """Those of RGB pictures (s, s, 3) that show one face, with its box and landmarks."""
    cutouts = []
    for image in tqdm(images, desc="faces to paste", unit="face", leave=False, disable=None):
        found = teacher.find(image, _LOOKED_AT)
        if len(found) == 1 and found.scores[0] >= _AT_LEAST:
            cutouts.append(
                Cutout(
                    image,
                    found.boxes[0].astype(np.float32),
                    found.landmarks[0].astype(np.float32),
                )
            )
    return cutouts
