"""What the proxy does when a request, a service or a replica fails."""

from __future__ import annotations

import socket
import threading

import pytest

from tests.service_processes import (
    nginx,
    nginx_command,
    upstream,
)

SIGNED = {"X_Semblance_Signature": "00"}


def test_a_503_with_its_time_to_come_again_is_passed_through(world):
    proxy, images, _ = world
    body = b'{"error": {"code": "busy"}}'
    for each in images:
        each.reply = (503, {"Retry-After": "7", "X-Request-ID": "z"}, body)
    answer = proxy.call("POST", "/classify", b"{}", **SIGNED)
    assert (answer.status, answer.headers["Retry-After"], answer.body) == (503, "7", body)
    assert answer.headers["X-Request-ID"] == "z"
    assert len(images[0].seen) + len(images[1].seen) == 1


@pytest.mark.parametrize("status", [400, 403, 404, 413, 422, 500, 502])
def test_a_services_own_failure_is_passed_through(world, status):
    proxy, _, url = world
    url.reply = (status, {"X-Request-ID": "z"}, b'{"error": {"code": "from_the_service"}}')
    answer = proxy.call("POST", "/classify_url", b"{}", **SIGNED)
    assert (answer.status, answer.code) == (status, "from_the_service")


@pytest.mark.parametrize("path", ["/nowhere", "/healthz", "/classify", f"/?{'a' * 9000}"])
def test_nginxs_own_answers_are_guarded_like_any(world, path):
    headers = world[0].call("GET", path).headers
    assert headers["Content-Type"].startswith("application/json")
    assert headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Server"] == "nginx"


def test_a_body_above_the_limit_is_413_in_our_shape(world):
    proxy, images, _ = world
    with socket.create_connection(proxy.socket.split(":"), timeout=10) as line:
        line.sendall(
            b"POST /v1/faces HTTP/1.1\r\nHost: x\r\nContent-Length: 30000000\r\n"
            b"Connection: close\r\n\r\nonly the start"
        )
        answer = line.recv(65536).decode()
    assert answer.startswith("HTTP/1.1 413 ")
    assert '"code": "image_too_large"' in answer
    assert images[0].seen == images[1].seen == []


@pytest.mark.parametrize("path", ["/classify", "/classify_url"])
@pytest.mark.parametrize("size", [0, 10, 16 * 1024 + 1, 20_000_000])
def test_a_job_without_a_signature_is_403_and_never_passed_on(world, path, size):
    proxy, images, url = world
    answer = proxy.call("POST", path, b"x" * size)
    assert (answer.status, answer.code) == (403, "not_signed")
    assert images[0].seen == images[1].seen == url.seen == []


def test_a_job_larger_than_any_is_403_even_with_a_signature(world):
    proxy, images, _ = world
    answer = proxy.call("POST", "/classify", b"x" * 17_000, **SIGNED)
    assert (answer.status, answer.code) == (403, "not_signed")
    assert images[0].seen == images[1].seen == []


def test_too_long_an_address_or_header_is_told_in_our_shape(world):
    proxy, _, _ = world
    answer = proxy.call("GET", "/" + "x" * 20_000)
    assert (answer.status, answer.code) == (414, "request_header_fields_too_large")
    answer = proxy.call("GET", "/healthz", X_Long="x" * 20_000)
    assert answer.code in ("request_header_fields_too_large", "bad_request")


@pytest.mark.parametrize(
    "request_text",
    [
        b"GET /..%2fclassify HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GARBAGE\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"POST /v1/faces HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
        b"POST /v1/faces HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /v1/faces HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n",
    ],
)
def test_a_malformed_request_is_refused_in_our_shape_and_never_passed_on(world, request_text):
    proxy, images, _ = world
    with socket.create_connection(proxy.socket.split(":"), timeout=20) as line:
        line.sendall(request_text)
        line.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: line.recv(4096), b""))
    assert b'{"error": {"code": ' in answer
    assert images[0].seen == images[1].seen == []


def test_where_one_replica_is_dead_the_other_answers(folder):
    nginx_command()
    with (
        upstream(folder / "i1") as alive,
        nginx(folder, app_image=[str(folder / "dead"), alive.socket], app_url=["/nope"]) as proxy,
    ):
        for _ in range(10):
            assert proxy.call("POST", "/v1/faces", b"picture").status == 200
        assert [body for _, _, _, body in alive.seen] == [b"picture"] * 10


def test_a_replica_that_hangs_up_is_replaced_by_another_with_the_whole_body(folder):
    nginx_command()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(folder / "rude"))
    listener.listen()
    stopped = threading.Event()

    def hang_up():
        listener.settimeout(0.05)
        while not stopped.is_set():
            try:
                line, _ = listener.accept()
            except TimeoutError:
                continue
            line.settimeout(5)
            with line:
                line.recv(100)

    thread = threading.Thread(target=hang_up)
    thread.start()
    try:
        with (
            upstream(folder / "i1") as polite,
            nginx(
                folder, app_image=[str(folder / "rude"), polite.socket], app_url=["/nope"]
            ) as proxy,
        ):
            for _ in range(6):
                assert proxy.call("POST", "/v1/faces", b"p" * 50_000).status == 200
            assert {len(body) for _, _, _, body in polite.seen} == {50_000}
    finally:
        stopped.set()
        thread.join()
        listener.close()


def test_without_any_replica_it_is_502_with_a_time_to_come_again_and_then_works_again(folder):
    nginx_command()
    with nginx(folder, app_image=[str(folder / "i1")], app_url=["/nope"]) as proxy:
        answer = proxy.call("POST", "/v1/faces", b"x", X_Request_ID="7-0")
        assert (answer.status, answer.code) == (502, "unavailable")
        assert answer.headers["Retry-After"] == "1"
        assert answer.json["error"]["request_id"] == answer.headers["X-Request-ID"] == "7-0"
        with upstream(folder / "i1"):
            assert proxy.call("POST", "/v1/faces", b"x").status == 200
