from html.parser import HTMLParser

import pytest

from services.description.document import document
from services.description.page import operations_of, page
from services.description.page.outline import Outline
from tests.fakes_services import settings


@pytest.fixture
def told():
    return document(settings(SEMBLANCE_API_KEYS="a-key-of-the-tests"), ("semblance", "1"))


class Elements(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.found = []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))


def test_every_address_in_it_is_relative(told):
    elements = Elements(page(told)).found
    addresses = [of[name] for _, of in elements for name in ("href", "src") if name in of]
    assert {"docs/page.css", "docs/page.js", "v1/openapi.json"} <= set(addresses)
    assert not [each for each in addresses if each.startswith(("/", "http"))]


def test_it_has_neither_script_nor_style_of_its_own(told):
    for tag, attributes in Elements(page(told)).found:
        assert tag != "style"
        assert not [name for name in attributes if name == "style" or name.startswith("on")]
        assert tag != "script" or "src" in attributes


def test_every_operation_can_be_tried(told):
    tried = {
        (of["data-method"], of["data-path"]): (of["data-sends"], of["data-field"])
        for tag, of in Elements(page(told)).found
        if tag == "form" and "data-path" in of
    }
    assert len(tried) == sum(len(each) for each in operations_of(told).values())
    assert tried["POST", "/v1/faces"] == ("file", "image")
    assert tried["POST", "/v1/faces/url"] == ("url", "url")
    assert tried["POST", "/face"] == ("base64", "imgBase64")
    assert tried["GET", "/face"] == ("query", "imgBase64")
    assert tried["POST", "/face-sentiment"] == ("file", "file")
    assert tried["GET", "/v1/about"] == ("nothing", "")


def test_what_a_description_says_cannot_become_markup(told):
    told["info"]["description"] = "<script>alert(1)</script> `<b>`"
    html = page(told)
    assert "<script>alert" not in html
    assert "<code>&lt;b&gt;</code>" in html


def test_an_outline_names_fields_by_their_place(told):
    outline = Outline(told)
    rows = {row.name: row.type for row in outline.rows({"$ref": "#/components/schemas/Analysis"})}
    assert rows["size_wh"] == "list of 2 integers"
    assert rows["faces[].emotion.label"] == "one of these"
    assert rows["faces[].emotion.probabilities"] == "numbers by name"
    assert rows["faces[].confidence"] == "number 0 to 1"
