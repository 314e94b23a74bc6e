import shutil
import socket
import ssl
import subprocess
import time

import pytest

from services.app_url import connection
from tests.fakes_services import JPEG, header_of, http, says, stranger
from tests.unit.services.app_url.fetching import drip, fetch, fetcher
from utils.errors import (
    UrlTooSlow,
    UrlUnreachable,
)


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


@pytest.mark.parametrize(
    "script",
    [
        drip(b"", [b"H"] * 500),
        drip(b"HTTP/1.1 200 OK\r\n", [b"A: b\r\n"] * 500),
        drip(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", [b"x"] * 500),
        drip(b"", [b"HTTP/1.1 100 Continue\r\nA: b\r\n"] + [b"A: b\r\n"] * 500),
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
