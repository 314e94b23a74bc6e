"""A page of pictures with hits, misses and false alarms, to look at."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from PIL import Image as Pillow
from tqdm import tqdm

from benchmarks.rivals import Image, Rival
from training.detection.measures import matched
from training.detection.photos import Photo

_COLUMNS, _TILE_PX, _TILES = 8, 240, 64
_HIT, _MISS, _ALARM, _DOUBTFUL = (0, 200, 0), (230, 0, 0), (0, 80, 255), (150, 150, 150)
_SMALLEST_PX = 24.0


def draw(rival: Rival, photos: Sequence[Photo]) -> Pillow.Image:
    """Photographs with most faults first: hits green, misses red, false alarms blue."""
    marked = [_marked(rival, photo) for photo in tqdm(photos, "sheet", leave=False, disable=None)]
    marked.sort(key=lambda one: -one[0])
    tiles = [tile for _, tile in marked[:_TILES]]
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % _COLUMNS)
    rows = [np.concatenate(tiles[i : i + _COLUMNS], 1) for i in range(0, len(tiles), _COLUMNS)]
    return Pillow.fromarray(np.concatenate(rows))


def _marked(rival: Rival, photo: Photo) -> tuple[int, Image]:
    """The number of faults, and the photograph on a square tile."""
    image = photo.image_rgb()
    found, scale = rival.served(image), _TILE_PX / max(image.shape[:2])
    result = matched(found, photo.labels, 640 / max(image.shape[:2]), _SMALLEST_PX)
    size = [max(1, round(side * scale)) for side in image.shape[1::-1]]
    tile = np.zeros((_TILE_PX, _TILE_PX, 3), np.uint8)
    tile[: size[1], : size[0]] = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    hits = set(result.hit_by[result.hit_by >= 0].tolist())
    alarms = found.boxes[[i for i in range(len(found)) if i not in hits]]
    missed = photo.labels.boxes[result.hit_by == -1]
    for boxes, color in (
        (photo.labels.doubtful, _DOUBTFUL),
        (found.boxes[sorted(hits)], _HIT),
        (missed, _MISS),
        (alarms, _ALARM),
    ):
        for x0, y0, x1, y1 in (boxes * scale).round().astype(int).tolist():
            cv2.rectangle(tile, (x0, y0), (x1, y1), color)
    faults = len(missed) + int((result.outcomes[:, 1] == 0).sum())
    return faults, tile
