from __future__ import annotations

import numpy as np
import pytest

from tests.unit.utils.test_faces import face, opinion
from utils.faces import Face, Opinion
from utils.labels import EMOTIONS, GENDERS
from utils.visualizer import (
    _MIN_TEXT_PX,
    COLOURS,
    _fitted,
    _label,
    annotate,
    blur,
    colour_of,
    lines,
)


def at(box: tuple[int, int, int, int], gender: str | None = "woman", value: float = 0.9) -> Face:
    seen = opinion(GENDERS, gender, value) if gender else None
    return face(box_xyxy=box, gender=seen, emotion=opinion(EMOTIONS, "happiness", value))


def annotated(picture: np.ndarray, faces: list[Face]) -> np.ndarray:
    """A marked copy."""
    canvas = picture.copy()
    annotate(canvas, faces)
    return canvas


def test_a_face_is_marked_in_the_picture_itself() -> None:
    picture = np.full((200, 300, 3), 128, np.uint8)
    annotate(picture, [at((100, 60, 180, 140))])
    assert picture.shape == (200, 300, 3)
    assert (picture != 128).any()


def test_without_faces_nothing_is_drawn() -> None:
    picture = np.random.default_rng(0).integers(0, 255, (50, 60, 3), np.uint8)
    assert (annotated(picture, []) == picture).all()


@pytest.mark.parametrize(
    "box", [(0, 0, 40, 40), (260, 160, 300, 200), (0, 0, 300, 200), (140, 0, 160, 20)]
)
def test_the_words_stay_inside_wherever_the_face_is(box: tuple[int, int, int, int]) -> None:
    small = np.full((200, 300, 3), 128, np.uint8)
    drawn = annotated(small, [at(box)])
    fill = (np.abs(drawn.astype(int) - colour_of(at(box))) < 30).all(2)
    columns, rows = np.flatnonzero(fill.any(0)), np.flatnonzero(fill.any(1))
    words = _label(tuple(lines(at(box))), colour_of(at(box)), _MIN_TEXT_PX)
    # All of the label's width and height is on the picture: a cut one would be narrower.
    assert len(columns) >= words.shape[1] - 2
    assert len(rows) >= words.shape[0] - 2


@pytest.mark.parametrize("size", [(1, 1), (3, 50), (12, 12), (20, 400)])
def test_tiny_and_narrow_pictures_are_no_error(size: tuple[int, int]) -> None:
    height, width = size
    drawn = annotated(np.zeros((height, width, 3), np.uint8), [at((0, 0, width, height))])
    assert drawn.shape == (height, width, 3)


def test_text_grows_with_the_face() -> None:
    picture = np.full((800, 800, 3), 90, np.uint8)
    small = annotated(picture, [at((300, 300, 360, 360))])
    large = annotated(picture, [at((200, 200, 600, 600))])
    assert (large != picture).sum() > 4 * (small != picture).sum()


def test_genders_differ_by_word_and_by_colour() -> None:
    woman, man = at((1, 1, 9, 9), "woman"), at((1, 1, 9, 9), "man")
    assert lines(woman)[1].startswith("woman")
    assert lines(man)[1].startswith("man")
    assert colour_of(woman) != colour_of(man)


def test_with_gender_off_there_is_one_line_and_a_neutral_colour() -> None:
    alone = at((1, 1, 9, 9), None)
    assert len(lines(alone)) == 1
    assert colour_of(alone) == COLOURS[None]


def unsure(labels: tuple[str, ...], **shares: float) -> Opinion:
    rest = (1 - sum(shares.values())) / max(1, len(labels) - len(shares))
    return Opinion(labels, tuple(shares.get(label, rest) for label in labels), sure=False)


TORN = unsure(EMOTIONS, happiness=0.48, surprise=0.31)
BETWEEN = unsure(GENDERS, woman=0.55, man=0.45)


def test_an_unsure_answer_names_the_two_likeliest_with_a_question_mark() -> None:
    torn = face(emotion=TORN, gender=BETWEEN)
    assert lines(torn) == ["happiness or surprise?", "woman or man?"]
    assert lines(face(emotion=unsure(EMOTIONS, fear=0.5)))[0] == "fear? 50 %"


def test_no_colour_claims_a_gender_that_the_words_doubt() -> None:
    assert colour_of(face(gender=BETWEEN)) == COLOURS[None]


def test_two_candidates_are_broken_into_lines_before_they_are_shrunk() -> None:
    torn = face(emotion=TORN, gender=BETWEEN)
    words = lines(torn)
    broken = ("happiness or", "surprise?", "woman or", "man?")
    for width, shown in ((200, tuple(words)), (90, broken)):
        canvas = np.zeros((200, width, 3), np.uint8)
        expected = _label(shown, COLOURS[None], _MIN_TEXT_PX)
        assert expected.shape[1] <= width
        label = _fitted(torn, _MIN_TEXT_PX, canvas)
        assert label.shape == expected.shape
        assert (label == expected).all()


def test_certainty_is_never_claimed() -> None:
    sure = opinion(EMOTIONS, "fear", 0.9999)
    assert lines(face(emotion=sure))[0] == "fear 99 %"


def test_white_words_stand_out_from_every_label_colour() -> None:
    """WCAG 2.2 contrast of at least 4.5."""
    for colour in COLOURS.values():
        parts = np.array(colour) / 255
        linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        luminance = float(linear @ [0.2126, 0.7152, 0.0722])
        assert 1.05 / (luminance + 0.05) >= 4.5


def test_labels_of_neighbours_do_not_cover_each_other() -> None:
    picture = np.full((300, 400, 3), 128, np.uint8)
    left, right = at((100, 100, 160, 160)), at((165, 100, 225, 160), "man")
    both = annotated(picture, [left, right])
    for one in (left, right):
        alone = annotated(picture, [one])
        fill = (alone == np.array(colour_of(one))).all(2)
        kept = (both == np.array(colour_of(one))).all(2)
        assert kept.sum() >= 0.9 * fill.sum()


def test_a_pictogram_stands_before_the_words_on_request() -> None:
    picture = np.full((300, 300, 3), 128, np.uint8)
    plain, with_emoji = picture.copy(), picture.copy()
    annotate(plain, [at((100, 100, 200, 200))])
    annotate(with_emoji, [at((100, 100, 200, 200))], emoji=True)

    def yellow(drawn: np.ndarray) -> int:
        return int((np.abs(drawn.astype(int) - (255, 204, 51)) < 30).all(2).sum())

    assert yellow(plain) == 0
    assert yellow(with_emoji) > 30


@pytest.mark.parametrize(
    "box",
    [(40, 40, 120, 140), (0, 0, 30, 30), (170, 150, 200, 200), (0, 0, 200, 200), (5, 5, 6, 6)],
)
def test_of_a_blurred_face_little_is_left_and_nothing_else_is_touched(box) -> None:
    picture = np.random.default_rng(0).integers(0, 255, (200, 200, 3), np.uint8)
    blurred = picture.copy()
    blur(blurred, box)
    x0, y0, x1, y1 = box
    middle_x, middle_y = (x0 + x1) // 2, (y0 + y1) // 2
    inside = np.s_[
        middle_y - (y1 - y0) // 4 : middle_y + (y1 - y0) // 4 + 1,
        middle_x - (x1 - x0) // 4 : middle_x + (x1 - x0) // 4 + 1,
    ]
    # Neighbours differed by anything, and differ by next to nothing.
    if x1 - x0 > 20:
        steps = np.abs(np.diff(blurred[inside].astype(int), axis=1))
        assert steps.max() < 25
    far = np.ones((200, 200), bool)
    far[max(0, y0 - 12) : y1 + 12, max(0, x0 - 12) : x1 + 12] = False
    assert (blurred[far] == picture[far]).all()


def test_a_face_that_the_edge_cuts_is_blurred_to_its_corners() -> None:
    picture = np.zeros((100, 100, 3), np.uint8)
    picture[::2] = 255
    blur(picture, (0, 30, 40, 80))
    for x, y in ((0, 30), (0, 55), (0, 79), (39, 30), (39, 79)):
        assert 60 < picture[y, x].mean() < 200, (x, y)
