"""The one face that older clients ask about: the largest, or a picture that is one already."""

from __future__ import annotations

from utils.errors import NoFace
from utils.faces import Analysis, Face
from utils.pipeline import Options

# Their clients often send pictures already cut to the face: 48x48, or a detector's crop.
_CUT_OUT_PX = 256

ONE_FACE = Options(max_faces=1, gender=False, whole_up_to_px=_CUT_OUT_PX)


def face_of(analysis: Analysis) -> Face:
    """The face of a picture analysed with `ONE_FACE`. Raises `NoFace`."""
    if not analysis.faces:
        raise NoFace(f"no face in a picture of {analysis.size_wh}, and not cut to one")
    return analysis.faces[0]
