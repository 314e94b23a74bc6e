from __future__ import annotations

from typing import Any

import pytest

from bot.receiver.sources import TooLarge, sources
from tests.unit.bot.updates import PHOTO, entity, text_with_urls, update

MEGABYTE = 1024 * 1024


def found(**fields: Any) -> list[tuple[str, str]]:
    message = update(**fields).message
    assert message is not None
    return [(str(kind), source) for kind, source in sources(message)]


def document(**fields: Any) -> dict[str, Any]:
    return {"file_id": "doc", "file_unique_id": "d", "mime_type": "image/png"} | fields


def test_a_photo_is_taken_in_its_largest_size() -> None:
    assert found(photo=PHOTO) == [("file_id", "large")]


def test_sizes_that_telegram_would_not_hand_out_are_passed_over() -> None:
    huge = PHOTO[1] | {"file_id": "huge", "width": 9000, "file_size": 21 * MEGABYTE}
    assert found(photo=[*PHOTO, huge]) == [("file_id", "large")]
    with pytest.raises(TooLarge):
        found(photo=[huge])


def test_a_picture_sent_as_a_file_counts() -> None:
    assert found(document=document(mime_type="IMAGE/Tiff")) == [("file_id", "doc")]
    with pytest.raises(TooLarge):
        found(document=document(file_size=21 * MEGABYTE))


def test_other_files_hold_no_picture() -> None:
    assert found(document=document(mime_type="application/pdf")) == []
    assert found(document=document(mime_type=None)) == []


def test_a_photo_beats_the_links_in_its_caption() -> None:
    caption = "from example.com/x"
    entities = [entity(caption, "example.com/x", "url")]
    assert found(photo=PHOTO, caption=caption, caption_entities=entities) == [("file_id", "large")]
    assert found(
        video={"file_id": "v", "file_unique_id": "v", "width": 1, "height": 1, "duration": 1},
        caption=caption,
        caption_entities=entities,
    ) == [("url", "http://example.com/x")]


def test_links_are_found_behind_characters_that_count_double() -> None:
    text = "😀🏳️‍🌈 see https://example.com/ä.png and 😀 example.org/b"
    fields = text_with_urls(text, "https://example.com/ä.png", "example.org/b")
    assert found(**fields) == [
        ("url", "https://example.com/ä.png"),
        ("url", "http://example.org/b"),
    ]


def test_a_link_behind_words_is_opened_where_it_leads() -> None:
    text = "this one"
    link = entity(text, "one", "text_link", url="https://example.com/1.jpg")
    assert found(text=text, entities=[link]) == [("url", "https://example.com/1.jpg")]


def test_the_same_link_twice_is_one_picture() -> None:
    text = "a.example b.example"
    fields = text_with_urls(text, "a.example", "b.example")
    fields["entities"].append(entity(text, "b.example", "text_link", url="http://a.example"))
    assert found(**fields) == [("url", "http://a.example"), ("url", "http://b.example")]


def test_a_message_brings_ten_links_at_most() -> None:
    links = [f"https://example.com/{i:02}" for i in range(15)]
    assert found(**text_with_urls(" ".join(links), *links)) == [
        ("url", link) for link in links[:10]
    ]
