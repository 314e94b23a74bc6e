"""What is known of the faces of a picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Labels:
    """The faces of a picture: `boxes` (n, 4) xyxy, `landmarks` (n, 5, 2), NaN where unknown.

    `doubtful` (m, 4): where nobody can say. `complete`: there is no other face in the picture.
    """

    boxes: Floats
    landmarks: Floats
    doubtful: Floats
    complete: bool = False
