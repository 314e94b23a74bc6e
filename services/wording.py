"""What the chat reads beside a picture: what is apparent in it, never what somebody feels."""

from __future__ import annotations

from utils.faces import Analysis, Face, Opinion

MAX_CAPTION_CHARACTERS = 1024
_LISTED_FACES = 10

NO_FACE = (
    "I found no face in this picture. Faces that are small, turned away or covered are easily "
    "missed: a closer photo from the front works best."
)
MAYBE_SENT = "The answer should be below. If it is not, please send the picture again."


def caption(analysis: Analysis) -> str:
    """One sentence for one face, a numbered line each for several."""
    faces = analysis.faces
    if not faces:
        return NO_FACE
    if len(faces) == 1:
        return _sentence(faces[0])
    lines = [f"{_count(analysis)}, the largest first. Apparent expression of each:"]
    listed = enumerate(faces[:_LISTED_FACES], start=1)
    lines += [f"{number}. {_line(face)}" for number, face in listed]
    if len(faces) > _LISTED_FACES:
        lines.append(f"and {len(faces) - _LISTED_FACES} more")
    return "\n".join(lines)[:MAX_CAPTION_CHARACTERS]


def _count(analysis: Analysis) -> str:
    named = len(analysis.faces)
    return f"{named} faces" if named == analysis.found else f"{named} of {analysis.found} faces"


def _sentence(face: Face) -> str:
    return f"{'Looks like' if face.emotion.sure else 'Apparent expression'} {_line(face)}"


def _line(face: Face) -> str:
    opinions = [face.emotion] if face.gender is None else [face.emotion, face.gender]
    # Commas alone would make a woman the third candidate of "fear or surprise, woman".
    between = ", " if all(opinion.sure for opinion in opinions) else "; "
    return between.join(_words(opinion) for opinion in opinions)


def _words(opinion: Opinion) -> str:
    named = " or ".join(f"{label} ({percent} %)" for label, percent in opinion.candidates)
    return named if opinion.sure else f"unsure: {named}"
