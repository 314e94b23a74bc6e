from __future__ import annotations

import pytest

from playground.errors import BadCall
from playground.markup import parse
from playground.parameters import Call
from tests.unit.playground.conftest import as_json


def html(text):
    return parse(text, "HTML", Call("sendmessage", {}), "entities")


def plain(text, entities=None):
    values = {} if entities is None else {"entities": as_json(entities)}
    return parse(text, "", Call("sendmessage", values), "entities")


def test_html_becomes_text_and_entities():
    assert html("<b>bold</b> &lt;i&gt; <a href='https://example.org'>link</a>") == (
        "bold <i> link",
        [
            {"type": "bold", "offset": 0, "length": 4},
            {"type": "text_link", "offset": 9, "length": 4, "url": "https://example.org"},
        ],
    )


def test_nested_entities_come_outer_first():
    _, entities = html("<b>a <i>b</i></b>")
    assert [(e["type"], e["offset"], e["length"]) for e in entities] == [
        ("bold", 0, 3),
        ("italic", 2, 1),
    ]


def test_blanks_around_a_text_are_cut_and_entities_move_along():
    assert html("  <b> hi </b> ") == ("hi", [{"type": "bold", "offset": 0, "length": 2}])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<x>a</x>", 'Unsupported start tag "x" at byte offset 0'),
        ("a < b", 'Unsupported start tag "" at byte offset 2'),
        ("a</b>", "Unexpected end tag at byte offset 1"),
        ("<b><i>a</b></i>", "Unexpected end tag at byte offset 1"),
        ("<b>a", "Can't find end tag corresponding to start tag b"),
    ],
)
def test_broken_html_is_refused(text, reason):
    with pytest.raises(BadCall) as caught:
        html(text)
    assert caught.value.description == f"Bad Request: can't parse entities: {reason}"


def test_other_parse_modes_are_refused():
    with pytest.raises(BadCall, match="unsupported parse_mode"):
        parse("a", "MarkdownV2", Call("sendmessage", {}), "entities")


def test_urls_are_found_unless_an_entity_lies_there_already():
    link = {"type": "text_link", "offset": 0, "length": 11, "url": "https://other.org"}
    assert plain("example.org and example.com", [link])[1] == [
        link,
        {"type": "url", "offset": 16, "length": 11},
    ]


def test_entities_outside_the_text_are_left_out():
    assert plain("ab", [{"type": "bold", "offset": 5, "length": 2}]) == ("ab", [])


@pytest.mark.parametrize(
    ("entities", "reason"),
    [
        ({}, "expected an Array of MessageEntity"),
        ([1], "Expected an Object"),
        ([{"type": "glow", "offset": 0, "length": 1}], "Unsupported type specified"),
        ([{"type": "bold", "offset": "0", "length": 1}], "must be a Number"),
    ],
)
def test_wrong_entities_are_refused(entities, reason):
    with pytest.raises(BadCall, match=reason):
        plain("ab", entities)
