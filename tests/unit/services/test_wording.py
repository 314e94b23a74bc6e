from services import wording
from tests.fakes_services import analysis, face


def test_one_face_is_one_sentence():
    text = wording.caption(analysis(face("happiness", "woman")))
    assert text == "Looks like happiness (90 %), woman (90 %)"


def test_without_gender_nothing_is_said_about_it():
    assert wording.caption(analysis(face("sadness", None))) == "Looks like sadness (90 %)"


def test_an_unsure_network_is_called_unsure():
    text = wording.caption(analysis(face("fear", None, sure=False)))
    assert text == "Apparent expression: unsure: fear (90 %)"


def test_several_faces_get_a_numbered_line_each():
    lines = wording.caption(analysis(face("anger"), face("neutral", "man"))).splitlines()
    assert lines[0].startswith("2 faces")
    assert lines[1:] == ["1. anger (90 %), woman (90 %)", "2. neutral (90 %), man (90 %)"]


def test_of_very_many_faces_ten_are_listed_and_the_others_counted():
    lines = wording.caption(analysis(*[face(sure=False)] * 64)).splitlines()
    assert len(lines) == 12
    assert lines[-1] == "and 54 more"


def test_a_caption_is_never_longer_than_telegram_takes():
    text = wording.caption(analysis(*[face("happiness", "woman", sure=False)] * 64))
    assert len(text) <= wording.MAX_CAPTION_CHARACTERS


def test_nobody_is_said_to_feel_anything():
    for text in (wording.caption(analysis(face())), wording.caption(analysis(*[face()] * 3))):
        assert "feel" not in text.lower()


def test_no_face_comes_with_what_to_do():
    assert wording.caption(analysis()).startswith("I found no face")
