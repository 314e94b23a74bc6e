import pytest

from tests.fakes_services import JPEG, header_of, http, says
from tests.unit.services.app_url.fetching import fetch
from utils.errors import ImageTooLarge, UrlUnreachable

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
INTERIM = b"HTTP/1.1 100 Continue\r\n\r\n"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"", "not_http"),
        (b"SSH-2.0-OpenSSH_9\r\n", "not_http"),
        (b"ICY 200 OK\r\n\r\n", "not_http"),
        (b"HTTP/1.1 abc\r\n\r\n", "not_http"),
        (b"HTTP/1.1 200 OK\r\n: b\r\n\r\n", "not_http"),
        (b"HTTP/1.1 200 OK\r\nA b: c\r\n\r\n", "not_http"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nabc", "not_http"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", "not_http"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nabcd", "not_http"),
        (b"HTTP/1.1 200 " + b"x" * 20_000 + b"\r\n\r\n", "head_too_large"),
        (b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 101 + b"\r\n", "head_too_large"),
        (b"HTTP/1.1 200 OK\r\nA: " + b"b" * 70_000 + b"\r\n\r\n", "head_too_large"),
        (INTERIM * 5 + http(JPEG), "interim_answers"),
        (CHUNKED + b"zz\r\n", "not_http"),
        (CHUNKED + b"1;" + b"x" * 100_000 + b"\r\n", "head_too_large"),
        (CHUNKED + b"3\r\nabc\r\n0\r\n" + b"A: b\r\n" * 20_000, "head_too_large"),
        (CHUNKED + b"1\r\nx\r\n" * 2000 + b"0\r\n\r\n", "tiny_chunks"),
        (CHUNKED + b"5\r\nab", "broken_off"),
        (http(b"short", length=50), "broken_off"),
    ],
)  # fmt: skip
def test_what_is_no_proper_answer_is_refused_with_a_reason(answer, reason):
    with pytest.raises(UrlUnreachable) as refusal:
        fetch(says(answer))
    assert refusal.value.reason == reason


def test_framing_cannot_be_many_times_the_body():
    def script(line):
        header_of(line)
        line.sendall(CHUNKED)
        while True:
            line.sendall(b"40;" + b"x" * 8000 + b"\r\n" + b"y" * 64 + b"\r\n")

    with pytest.raises(ImageTooLarge) as refusal:
        fetch(script, SEMBLANCE_MAX_BYTES="100000")
    assert refusal.value.reason == "too_many_bytes"


def test_a_few_interim_answers_are_passed_over():
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    assert fetch(says(INTERIM + hints + http(JPEG))) == JPEG


def test_what_follows_the_announced_body_is_ignored():
    assert fetch(says(http(JPEG + b"more", length=len(JPEG)))) == JPEG


def test_the_same_length_twice_is_one():
    assert fetch(says(http(JPEG, f"Content-Length: {len(JPEG)}"))) == JPEG


def test_chunks_win_over_a_length():
    answer = CHUNKED.replace(b"\r\n\r\n", b"\r\nContent-Length: 1\r\n\r\n")
    assert fetch(says(answer + b"3\r\nabc\r\n0\r\nA: b\r\n\r\n")) == b"abc"
