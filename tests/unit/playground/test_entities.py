from __future__ import annotations

import pytest

from playground.entities import find, utf16_length


def parts(text):
    units = text.encode("utf-16-le")
    return [
        (e["type"], units[2 * e["offset"] : 2 * (e["offset"] + e["length"])].decode("utf-16-le"))
        for e in find(text)
    ]


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://example.org/a.jpg", "https://example.org/a.jpg"),
        ("see HTTP://Example.org/a.jpg?b=c#d now", "HTTP://Example.org/a.jpg?b=c#d"),
        ("(https://example.org/a.jpg).", "https://example.org/a.jpg"),
        ("http://127.0.0.1:8099/face.png", "http://127.0.0.1:8099/face.png"),
        ("example.org/photo.jpg", "example.org/photo.jpg"),
        ("look: example.com, nice", "example.com"),
        ("https://user:pw@example.org/x", "https://user:pw@example.org/x"),
    ],
)
def test_a_url_is_found_as_it_was_written(text, url):
    assert parts(text) == [("url", url)]


@pytest.mark.parametrize(
    "text", ["hello", "photo.jpg", "me@example.org", "http://localhost/a", "1.5", "http://a.b/"]
)
def test_other_texts_hold_no_url(text):
    assert parts(text) == []


def test_several_urls_are_found_in_order():
    text = "https://a.example.org/1 and https://b.example.org/2"
    assert [part for _, part in parts(text)] == text.split(" and ")


def test_offsets_count_utf16_units():
    [entity] = find("😀 https://example.org/x")
    assert (entity["offset"], entity["length"]) == (3, 21)
    assert utf16_length("😀a") == 3


@pytest.mark.parametrize("command", ["/start", "/help@semblance_bot"])
def test_a_command_is_found(command):
    assert parts(f"please {command}") == [("bot_command", command)]


def test_a_path_of_a_url_is_no_command():
    assert parts("https://example.org/start") == [("url", "https://example.org/start")]
    assert parts("a/b /c/d") == []
