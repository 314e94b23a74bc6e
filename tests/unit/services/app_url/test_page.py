import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.app_url.page import picture_of


@pytest.mark.parametrize(
    "meta",
    [
        '<meta property="og:image" content="//a.org/b">',
        "<meta property='og:image' content='//a.org/b' />",
        "<META NAME=twitter:image CONTENT=//a.org/b>",
        '<meta content=" //a.org/b " property=" OG:Image ">',
        '<meta\nproperty="og:image:secure_url"\ncontent="//a.org/b">',
        '<meta property="og:image" content=""><meta property="og:image" content="//a.org/b">',
        '<meta name="twitter:image" content="c"><meta property="og:image" content="//a.org/b">',
        '<meta property="og:image" content="//a.org/b"><meta property="og:image" content="c">',
    ],
)  # fmt: skip
def test_a_page_names_its_picture(meta):
    assert picture_of(f"<html><head>{meta}</head>".encode()) == "//a.org/b"


def test_an_address_is_unescaped():
    page = b'<meta property="og:image" content="/b?x=1&amp;y=2">'
    assert picture_of(page) == "/b?x=1&y=2"


@pytest.mark.parametrize(
    "page",
    [b"", b"<html>", b"<meta property=og:title content=x>", b"<meta property=og:image>", b"<meta"],
)
def test_a_page_without_one_names_none(page):
    assert picture_of(page) is None


@pytest.mark.parametrize(
    "piece",
    [b"<meta ", b"<!--", b"<![CDATA[", b"<meta a=", b"<meta a>", b'<meta a="', b"<a<", b"</"],
)
def test_a_page_made_to_take_long_does_not(piece):
    started = time.process_time()
    picture_of(piece * (512_000 // len(piece)))
    assert time.process_time() - started < 5


@given(st.binary(max_size=300))
def test_whatever_a_page_holds_is_read(data):
    picture_of(b"<meta " + data + b">")
