import dataclasses

from services import wording
from tests.fakes_services import analysis, face
from utils.faces import Opinion
from utils.labels import EMOTIONS, GENDERS


def test_one_face_is_one_sentence():
    text = wording.caption(analysis(face("happiness", "woman")))
    assert text == "Looks like happiness (90 %), woman (90 %)"


def test_without_gender_nothing_is_said_about_it():
    assert wording.caption(analysis(face("sadness", None))) == "Looks like sadness (90 %)"


def unsure(labels, **shares):
    rest = (1 - sum(shares.values())) / max(1, len(labels) - len(shares))
    return Opinion(labels, tuple(shares.get(label, rest) for label in labels), sure=False)


def with_opinions(emotion, gender=None):
    return dataclasses.replace(face(), emotion=emotion, gender=gender)


TORN = unsure(EMOTIONS, happiness=0.48, surprise=0.31)


def test_an_unsure_network_names_the_two_likeliest():
    text = wording.caption(analysis(with_opinions(TORN)))
    assert text == "Apparent expression unsure: happiness (48 %) or surprise (31 %)"


def test_what_is_sure_is_told_apart_from_what_is_not():
    woman = face("fear", "woman").gender
    assert wording.caption(analysis(with_opinions(TORN, woman))) == (
        "Apparent expression unsure: happiness (48 %) or surprise (31 %); woman (90 %)"
    )
    between = unsure(GENDERS, woman=0.45, man=0.55)
    assert wording.caption(analysis(with_opinions(face("fear").emotion, between))) == (
        "Looks like fear (90 %); unsure: man (55 %) or woman (45 %)"
    )


def test_a_second_label_that_is_hardly_plausible_is_not_named():
    text = wording.caption(analysis(with_opinions(unsure(EMOTIONS, fear=0.5))))
    assert text == "Apparent expression unsure: fear (50 %)"


def test_several_faces_get_a_numbered_line_each():
    lines = wording.caption(analysis(face("anger"), face("neutral", "man"))).splitlines()
    assert lines[0].startswith("2 faces")
    assert lines[1:] == ["1. anger (90 %), woman (90 %)", "2. neutral (90 %), man (90 %)"]


def test_of_very_many_faces_ten_are_listed_and_the_others_counted():
    lines = wording.caption(analysis(*[face(sure=False)] * 64)).splitlines()
    assert len(lines) == 12
    assert lines[-1] == "and 54 more"


def test_a_caption_of_the_longest_words_fits_as_a_whole():
    torn = with_opinions(
        unsure(EMOTIONS, happiness=0.48, contempt=0.42), unsure(GENDERS, woman=0.5, man=0.5)
    )
    text = wording.caption(analysis(*[torn] * 64))
    assert text.endswith("and 54 more")
    assert len(text) <= wording.MAX_CAPTION_CHARACTERS


def test_nobody_is_said_to_feel_anything():
    for text in (wording.caption(analysis(face())), wording.caption(analysis(*[face()] * 3))):
        assert "feel" not in text.lower()


def test_no_face_comes_with_what_to_do():
    assert wording.caption(analysis()).startswith("I found no face")
