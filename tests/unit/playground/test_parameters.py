from __future__ import annotations

import pytest

from playground.errors import BadCall
from playground.parameters import Call, as_strings


def call(**values):
    return Call("x", values)


def test_a_missing_parameter_is_empty():
    assert call().text("a") == ""
    assert call().whole("a", 7) == 7
    assert call().flag("a") is False
    assert call().parsed("a", "a") is None


def test_numbers_are_read_leniently():
    assert call(a=" -12 ").whole("a") == -12
    assert call(a="12x").whole("a") == 0
    assert call(a="500").within("a", 100, 1, 100) == 100
    assert call(a="-5").within("a", 100, 1, 100) == 1


@pytest.mark.parametrize("yes", ["true", "True", "1", " yes "])
def test_yes_has_several_spellings(yes):
    assert call(a=yes).flag("a")


def test_everything_else_means_no():
    assert not call(a="on").flag("a")


def test_broken_json_is_refused_by_its_name():
    with pytest.raises(BadCall, match="can't parse reply parameters JSON object"):
        call(a="{").parsed("a", "reply parameters")


def test_a_json_body_reads_like_a_form():
    shape = {"chat_id": 5, "text": "a", "flag": True, "reply": {"message_id": 1}, "none": None}
    assert as_strings(shape) == {
        "chat_id": "5",
        "text": "a",
        "flag": "true",
        "reply": '{"message_id": 1}',
    }
