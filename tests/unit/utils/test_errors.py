from __future__ import annotations

import re

from utils import errors
from utils.errors import SemblanceError, Unavailable


def every_type() -> set[type[SemblanceError]]:
    found = {SemblanceError}
    while True:
        more = found | {sub for kind in found for sub in kind.__subclasses__()}
        more = {kind for kind in more if kind.__module__ == errors.__name__}
        if more == found:
            return found
        found = more


def test_the_docstring_draws_every_type_with_its_status() -> None:
    drawn = dict(re.findall(r"(\w+) {2,}(\d{3}\b|\w)", errors.__doc__ or ""))
    for kind in every_type():
        assert kind.__name__ in drawn
        if len(drawn[kind.__name__]) == 3:
            assert kind.status == int(drawn[kind.__name__])


def test_every_type_has_a_public_sentence_that_ends() -> None:
    for kind in every_type():
        assert kind.sentence.endswith((".", "?"))
        assert kind("a log text with /a/path").public_sentence == kind.sentence


def test_codes_are_unique() -> None:
    kinds = [kind for kind in every_type() if "code" in vars(kind)]
    assert len({kind.code for kind in kinds}) == len(kinds)


def test_a_sentence_may_be_made_more_precise() -> None:
    error = SemblanceError("log", sentence="Better.")
    assert (str(error), error.public_sentence) == ("log", "Better.")


def test_unavailable_says_when_to_come_back() -> None:
    assert Unavailable("x", retry_after_s=3.5).retry_after_s == 3.5
