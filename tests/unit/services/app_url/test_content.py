import gzip
import io
import zlib

import pytest

from tests.fakes_services import JPEG, header_of, http, says
from tests.unit.services.app_url.fetching import fetch
from utils.errors import (
    ImageTooLarge,
    NotAnImage,
)

PAGE_SENTENCE = "web page"


@pytest.mark.parametrize("kind", ["text/html", "text/html; charset=utf-8", "application/xhtml+xml"])
def test_a_page_is_answered_with_what_to_send_instead(kind):
    with pytest.raises(NotAnImage) as failure:
        fetch(says(http(b"...", f"Content-Type: {kind}")))
    assert PAGE_SENTENCE in failure.value.public_sentence


@pytest.mark.parametrize(
    "start",
    [b"<!DOCTYPE html>", b"\n  <html lang=en>", b"<HTML>", b"\xef\xbb\xbf<html>", b"<!-- x -->"],
)
def test_a_page_that_claims_to_be_a_picture_is_a_page(start):
    with pytest.raises(NotAnImage) as failure:
        fetch(says(http(start, "Content-Type: image/jpeg")))
    assert PAGE_SENTENCE in failure.value.public_sentence


def test_a_picture_that_claims_to_be_text_is_a_picture():
    assert fetch(says(http(JPEG, "Content-Type: text/plain"))) == JPEG
    assert fetch(says(http(JPEG, "Content-Type: text/html"))) == JPEG


def test_an_announced_size_above_the_limit_is_refused_before_the_body():
    with pytest.raises(ImageTooLarge, match="announces"):
        fetch(says(http(b"", length=10**9)), SEMBLANCE_MAX_BYTES="1000")


def test_a_body_that_grows_above_the_limit_is_cut_off():
    def script(line):
        header_of(line)
        line.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            line.sendall(b"x" * 10_000)

    with pytest.raises(ImageTooLarge, match="more than"):
        fetch(script, SEMBLANCE_MAX_BYTES="100000")


def test_endless_chunks_are_cut_off():
    def script(line):
        header_of(line)
        line.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            line.sendall(b"2710\r\n" + b"x" * 10_000 + b"\r\n")

    with pytest.raises(ImageTooLarge):
        fetch(script, SEMBLANCE_MAX_BYTES="100000")


def test_a_body_of_exactly_the_limit_is_fine():
    assert len(fetch(says(http(b"x" * 1000)), SEMBLANCE_MAX_BYTES="1000")) == 1000


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [("gzip", gzip.compress), ("x-gzip", gzip.compress), ("deflate", zlib.compress)],
)
def test_what_was_packed_unasked_is_unpacked(encoding, pack):
    assert fetch(says(http(pack(JPEG * 100), f"Content-Encoding: {encoding}"))) == JPEG * 100


def test_a_bomb_is_counted_as_it_unpacks():
    bomb = io.BytesIO()
    with gzip.GzipFile(fileobj=bomb, mode="wb") as packed:
        for _ in range(100):
            packed.write(bytes(1_000_000))
    with pytest.raises(ImageTooLarge) as refusal:
        fetch(says(http(bomb.getvalue(), "Content-Encoding: gzip")), SEMBLANCE_MAX_BYTES="1000000")
    assert refusal.value.reason == "bomb"


def test_a_packed_body_is_counted_as_it_is_sent_too():
    empty_blocks = gzip.compress(b"")[:10] + b"\x00\x00\x00\xff\xff" * 400
    with pytest.raises(ImageTooLarge) as refusal:
        fetch(
            says(
                http(empty_blocks, "Content-Encoding: gzip", length=900).replace(
                    b"Content-Length: 900\r\n", b""
                )
            ),
            SEMBLANCE_MAX_BYTES="1000",
        )
    assert refusal.value.reason == "too_many_bytes"


@pytest.mark.parametrize("size", [1, 64_000, 700_000])
def test_what_unpacks_in_several_steps_comes_whole(size):
    picture = bytes(range(256)) * (size // 256 + 1)
    assert fetch(says(http(gzip.compress(picture), "Content-Encoding: gzip"))) == picture


def test_a_packed_body_without_its_end_is_refused():
    half = gzip.compress(JPEG * 100)[:-12]
    with pytest.raises(NotAnImage) as refusal:
        fetch(says(http(half, "Content-Encoding: gzip")))
    assert refusal.value.reason == "unpack"


def test_several_parts_are_no_picture():
    with pytest.raises(NotAnImage) as refusal:
        fetch(says(http(JPEG, "Content-Type: multipart/byteranges; boundary=x")))
    assert refusal.value.reason == "multipart"


def test_of_a_page_only_the_head_is_read():
    def script(line):
        header_of(line)
        line.sendall(b"HTTP/1.1 200 OK\r\n\r\n<html>")
        while True:
            line.sendall(b" " * 10_000)

    with pytest.raises(NotAnImage, match="names no picture"):
        fetch(script)


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "compress", "x"])
def test_other_encodings_are_refused(encoding):
    with pytest.raises(NotAnImage, match="encoding"):
        fetch(says(http(b"...", f"Content-Encoding: {encoding}")))


def test_a_packed_body_that_is_none_is_refused():
    with pytest.raises(NotAnImage, match="unpack"):
        fetch(says(http(b"not gzip", "Content-Encoding: gzip")))
