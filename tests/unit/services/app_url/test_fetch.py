import gzip
import io
import shutil
import socket
import ssl
import subprocess
import time
import zlib

import pytest

from services.app_url import connection
from services.app_url.fetch import Fetcher
from tests.fakes_services import JPEG, header_of, http, says, settings, stranger
from utils.errors import (
    Busy,
    ImageTooLarge,
    NotAnImage,
    UrlRefused,
    UrlTooSlow,
    UrlUnreachable,
)

PAGE_SENTENCE = "web page"


def fetcher(*, resolve=None, tls=None, **environ):
    environ = {"SEMBLANCE_URL_ALLOW": "127.0.0.1:*,pictures.test:*"} | environ
    parts = {} if resolve is None else {"resolve": resolve}
    return Fetcher(settings(**environ), tls=tls, **parts)


def fetch(*scripts, path="/a.jpg", repeat=False, **environ):
    with stranger(*scripts, repeat=repeat) as port:
        return fetcher(**environ).fetch(f"http://127.0.0.1:{port}{path}")


def test_a_picture_is_fetched():
    assert fetch(says(http(JPEG, "Content-Type: image/jpeg"))) == JPEG


def test_chunks_are_put_together():
    body = b"4\r\nabcd\r\n3\r\nefg\r\n0\r\n\r\n"
    answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body
    assert fetch(says(answer)) == b"abcdefg"


def test_an_old_server_may_end_the_body_by_hanging_up():
    assert fetch(says(b"HTTP/1.0 200 OK\r\n\r\n" + JPEG)) == JPEG


def test_the_request_is_honest_and_carries_nothing_of_ours(monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    seen = []

    def script(line):
        seen.append(header_of(line).decode())
        line.sendall(http(JPEG, "Set-Cookie: a=b"))

    fetch(script, path="/p%20q?x=1#frag")
    first, *headers = seen[0].strip().split("\r\n")
    assert first == "GET /p%20q?x=1 HTTP/1.1"
    names = {line.split(":")[0].lower() for line in headers}
    assert names == {"host", "user-agent", "accept", "accept-encoding", "connection"}
    assert "User-Agent: Semblance/" in seen[0]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_followed(status):
    moved = http(b"", "Location: /b.jpg", status=f"{status} Moved")
    assert fetch(says(moved), says(http(JPEG))) == JPEG


def test_a_cookie_of_one_hop_is_not_sent_to_the_next():
    seen = []

    def last(line):
        seen.append(header_of(line))
        line.sendall(http(JPEG))

    fetch(says(http(b"", "Location: /b", "Set-Cookie: a=b", status="302 Found")), last)
    assert b"ookie" not in seen[0]


def test_redirects_without_end_are_refused():
    again = says(http(b"", "Location: /again", status="302 Found"))
    with pytest.raises(UrlRefused, match="redirects"):
        fetch(again, repeat=True)


def test_as_many_redirects_as_the_setting_allows_are_followed():
    again = says(http(b"", "Location: /again", status="302 Found"))
    assert fetch(again, again, again, says(http(JPEG))) == JPEG
    with pytest.raises(UrlRefused):
        fetch(again, says(http(JPEG)), SEMBLANCE_URL_REDIRECTS="0")


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.2:{port}/",
        "http://localhost:{port}/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::1]:{port}/",
        "http://2130706433:{port}/",
        "http://[::ffff:127.0.0.1]/",
        "http://10.0.0.1/",
        "ftp://127.0.0.1/",
        "http://user:word@127.0.0.1:{port}/",
        "file:///etc/passwd",
    ],
)
def test_a_redirect_to_a_forbidden_place_is_refused(location):
    def script(line):
        header_of(line)
        where = location.format(port=line.getsockname()[1])
        line.sendall(http(b"", f"Location: {where}", status="302 Found"))

    with pytest.raises(UrlRefused):
        fetch(script, says(http(JPEG)))


@pytest.mark.parametrize("status", [204, 206, 304, 400, 401, 403, 404, 410, 429, 500, 503])
def test_another_status_is_named_and_nothing_else(status):
    with pytest.raises(UrlUnreachable) as failure:
        fetch(says(http(b"secret page", status=f"{status} Secret reason")))
    assert str(status) in failure.value.public_sentence
    assert "ecret" not in failure.value.public_sentence


def test_a_redirect_to_nowhere_is_a_status_like_any_other():
    with pytest.raises(UrlUnreachable, match="302"):
        fetch(says(http(b"", status="302 Found")))


@pytest.mark.parametrize("kind", ["text/html", "text/html; charset=utf-8", "application/xhtml+xml"])
def test_a_page_is_answered_with_what_to_send_instead(kind):
    with pytest.raises(NotAnImage) as failure:
        fetch(says(http(b"...", f"Content-Type: {kind}")))
    assert PAGE_SENTENCE in failure.value.public_sentence


@pytest.mark.parametrize("start", [b"<!DOCTYPE html>", b"\n  <html lang=en>", b"<HTML>"])
def test_a_page_that_claims_to_be_a_picture_is_a_page(start):
    with pytest.raises(NotAnImage) as failure:
        fetch(says(http(start, "Content-Type: image/jpeg")))
    assert PAGE_SENTENCE in failure.value.public_sentence


def test_a_picture_that_claims_to_be_text_is_a_picture():
    assert fetch(says(http(JPEG, "Content-Type: text/plain"))) == JPEG


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
    with pytest.raises(ImageTooLarge):
        fetch(says(http(bomb.getvalue(), "Content-Encoding: gzip")), SEMBLANCE_MAX_BYTES="1000000")


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "compress", "x"])
def test_other_encodings_are_refused(encoding):
    with pytest.raises(NotAnImage, match="encoding"):
        fetch(says(http(b"...", f"Content-Encoding: {encoding}")))


def test_a_packed_body_that_is_none_is_refused():
    with pytest.raises(NotAnImage, match="unpack"):
        fetch(says(http(b"not gzip", "Content-Encoding: gzip")))


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SSH-2.0-OpenSSH_9\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nA: " + b"b" * 70_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        http(b"short", length=50),
    ],
)
def test_what_is_no_whole_http_answer_is_unreachable(answer):
    with pytest.raises(UrlUnreachable):
        fetch(says(answer))


def test_a_port_where_nobody_listens_is_unreachable():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(UrlUnreachable):
        fetcher().fetch(f"http://127.0.0.1:{port}/")


def test_the_next_address_is_tried_where_one_takes_no_connection():
    with stranger(says(http(JPEG))) as port:
        found = fetcher(resolve=lambda *_: ["127.0.0.9", "127.0.0.1"])
        assert found.fetch(f"http://pictures.test:{port}/") == JPEG


def drip(first, pieces):
    def script(line):
        header_of(line)
        line.sendall(first)
        for piece in pieces:
            time.sleep(0.02)
            line.sendall(piece)

    return script


@pytest.mark.parametrize(
    "script",
    [
        drip(b"", [b"H"] * 500),
        drip(b"HTTP/1.1 200 OK\r\n", [b"A: b\r\n"] * 500),
        drip(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", [b"x"] * 500),
        drip(b"", [b"HTTP/1.1 100 Continue\r\n\r\n"] * 500),
        drip(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", [b"1\r\nx\r\n"] * 500),
        lambda line: time.sleep(1),
    ],
    ids=["status", "headers", "body", "continue", "chunks", "silence"],
)
def test_a_server_that_drips_is_cut_at_the_deadline(script):
    with pytest.raises(UrlTooSlow):
        fetch(script, SEMBLANCE_URL_TIMEOUT_S="0.3")


def test_a_tls_handshake_that_drips_is_cut_at_the_deadline():
    def script(line):
        line.recv(4096)
        line.sendall(b"\x16\x03\x03\x40\x00")
        for _ in range(200):
            time.sleep(0.02)
            line.sendall(b"\x02")

    with stranger(script) as port, pytest.raises(UrlTooSlow):
        fetcher(SEMBLANCE_URL_TIMEOUT_S="0.3").fetch(f"https://127.0.0.1:{port}/")


def test_redirects_share_one_deadline():
    def slow(line):
        header_of(line)
        time.sleep(0.2)
        line.sendall(http(b"", "Location: /", status="302 Found"))

    with pytest.raises(UrlTooSlow):
        fetch(slow, repeat=True, SEMBLANCE_URL_TIMEOUT_S="0.3", SEMBLANCE_URL_REDIRECTS="10")


def test_the_connection_goes_to_the_address_that_was_checked_and_nowhere_else(monkeypatch):
    answers = iter([["127.0.0.1"], ["127.0.0.66"]])
    seen = []

    def script(line):
        seen.append(header_of(line))
        line.sendall(http(JPEG))

    with stranger(script) as port:
        url = f"http://pictures.test:{port}/"
        assert fetcher(resolve=lambda *_: next(answers)).fetch(url) == JPEG
    assert f"Host: pictures.test:{port}".encode() in seen[0]
    assert next(answers) == ["127.0.0.66"]


def test_too_many_fetches_at_once_are_told_to_come_again():
    busy = fetcher()
    from contextlib import ExitStack

    with ExitStack() as held:
        for _ in range(32):
            held.enter_context(busy._gate.place())
        with pytest.raises(Busy):
            busy.fetch("http://example.org/")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs the openssl command (apt install openssl)")
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-keyout", folder / "key.pem", "-out", folder / "cert.pem", "-days", "2",
         "-subj", "/CN=pictures.test", "-addext", "subjectAltName=DNS:pictures.test"],
        check=True, capture_output=True,
    )  # fmt: skip
    return folder


def encrypted(certificate, script, names):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    context.sni_callback = lambda _socket, name, _context: names.append(name)

    def wrapped(line):
        with context.wrap_socket(line, server_side=True) as channel:
            script(channel)

    return wrapped


def trusting(certificate):
    return ssl.create_default_context(cafile=certificate / "cert.pem")


def test_over_tls_name_and_certificate_are_the_hosts_and_the_address_is_the_checked_one(
    certificate,
):
    names = []
    script = encrypted(certificate, says(http(JPEG)), names)
    with stranger(script) as port:
        found = fetcher(resolve=lambda *_: ["127.0.0.1"], tls=trusting(certificate))
        assert found.fetch(f"https://pictures.test:{port}/") == JPEG
    assert names == ["pictures.test"]


@pytest.mark.parametrize("case", ["another name", "an unknown authority"])
def test_a_certificate_that_is_not_valid_for_the_host_is_refused(certificate, case):
    script = encrypted(certificate, says(http(JPEG)), [])
    with stranger(script) as port:
        if case == "another name":
            found, url = fetcher(tls=trusting(certificate)), f"https://127.0.0.1:{port}/"
        else:
            found = fetcher(resolve=lambda *_: ["127.0.0.1"])
            url = f"https://pictures.test:{port}/"
        with pytest.raises(UrlUnreachable) as failure:
            found.fetch(url)
    assert "certificate" in failure.value.public_sentence


def test_a_body_that_drips_over_tls_is_cut_at_the_deadline(certificate):
    script = drip(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", [b"x"] * 500)
    with stranger(encrypted(certificate, script, [])) as port:
        found = fetcher(
            resolve=lambda *_: ["127.0.0.1"],
            tls=trusting(certificate),
            SEMBLANCE_URL_TIMEOUT_S="0.4",
        )
        with pytest.raises(UrlTooSlow):
            found.fetch(f"https://pictures.test:{port}/")


def test_http_where_tls_is_spoken_is_unreachable(certificate):
    script = encrypted(certificate, says(http(JPEG)), [])
    with stranger(script) as port, pytest.raises(UrlUnreachable):
        fetcher().fetch(f"http://127.0.0.1:{port}/")


def test_the_usual_authorities_are_trusted_and_hosts_are_checked():
    tls = connection.public_tls()
    assert tls.check_hostname
    assert tls.verify_mode is ssl.CERT_REQUIRED


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://localhost/",
        "http://[::1]/",
        "http://0.0.0.0/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://127.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::ffff:169.254.169.254]/",
        "http://[64:ff9b::a9fe:a9fe]/",
        "http://[2002:7f00:1::]/",
        "http://100.100.100.200/",
        "http://192.0.0.192/",
        "http://[fd00:ec2::254]/",
        "http://10.0.0.1:80/",
        "https://192.168.1.1/",
        "http://example.org:22/",
    ],
)
def test_the_whole_way_refuses_what_is_not_public(url):
    with pytest.raises(UrlRefused):
        Fetcher(settings()).fetch(url)
