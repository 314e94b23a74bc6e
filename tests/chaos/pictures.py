"""Pictures of one face that differ from each other by the number drawn into them."""

from __future__ import annotations

import io
from collections.abc import Sequence

from PIL import Image, ImageDraw

_BITS, _CELL_PX = 24, 8


class Pictures:
    """JPEGs by number: no two are the same file."""

    def __init__(self, faces: Sequence[bytes]) -> None:
        self._faces = [Image.open(io.BytesIO(face)).convert("RGB") for face in faces]

    def of(self, number: int) -> bytes:
        """A JPEG with one face, and `number` (below 2^24) as cells along its lower edge."""
        picture = self._faces[number % len(self._faces)].copy()
        draw, top = ImageDraw.Draw(picture), picture.height - _CELL_PX
        for bit in range(_BITS):
            shade = (255, 255, 255) if number >> bit & 1 else (0, 0, 0)
            left = bit * _CELL_PX
            draw.rectangle((left, top, left + _CELL_PX - 1, picture.height - 1), fill=shade)
        out = io.BytesIO()
        picture.save(out, "JPEG", quality=88)
        return out.getvalue()
