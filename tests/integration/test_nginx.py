"""The proxy's template under a real nginx, before services played by hand and real ones."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import threading
from pathlib import Path

import psutil
import pytest

from tests.fakes_services import signed
from tests.service_processes import (
    TEMPLATE,
    eventually,
    gunicorn,
    nginx,
    nginx_command,
    upstream,
)

SIGNED = {"X_Semblance_Signature": "00"}
FROM_TELEGRAM = {"X_Telegram_Bot_Api_Secret_Token": "a-word"}


def access_lines(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "nginx_access.log").read_text().splitlines()]


def test_each_route_reaches_its_own_service(world):
    proxy, images, url = world
    for path in ("/classify", "/v1/faces"):
        assert proxy.call("POST", path, b"x", **SIGNED).status == 200
    for path in ("/classify_url", "/v1/faces/url"):
        assert proxy.call("POST", path, b"x", **SIGNED).status == 200
    assert sorted(path for each in images for _, path, _, _ in each.seen) == [
        "/classify",
        "/v1/faces",
    ]
    assert [path for _, path, _, _ in url.seen] == ["/classify_url", "/v1/faces/url"]


@pytest.mark.parametrize(
    "path",
    [
        "/Prod/nowhere",
        "/Production",
        "/face/",
        "/face-sentiment/x",
        "/predict/",
        "/classify_anything",
        "/classify/",
        "/classify/x",
        "/v1/faces/",
        "/v1/faces/url/x",
        "/v1",
        "/readyz",
        "/telegram/",
        "/metrics",
        "/CLASSIFY",
        "/healthz/",
        "/problem/bad_request",
    ],
)
def test_nothing_but_the_exact_routes_is_passed_on(world, path):
    proxy, images, url = world
    answer = proxy.call("POST", path, b"x", **SIGNED)
    assert (answer.status, answer.code) == (404, "not_found")
    assert images[0].seen == images[1].seen == url.seen == []


def test_its_own_health_is_answered_without_a_service(world):
    proxy, images, _ = world
    answer = proxy.call("GET", "/healthz")
    assert (answer.status, answer.json) == (200, {"status": "ok"})
    assert images[0].seen == []


def test_a_request_id_is_passed_on_and_told_back(world):
    proxy, _, url = world
    answer = proxy.call("POST", "/v1/faces/url", b"{}", X_Request_ID="5-0")
    assert url.seen[0][2]["X-Request-ID"] == "5-0"
    assert answer.headers["X-Request-ID"] == "5-0"


def test_what_telegram_sends_reaches_a_bot_and_nobody_else(folder):
    nginx_command()
    with (
        upstream(folder / "b1") as busy,
        upstream(folder / "b2") as bot,
        nginx(
            folder,
            app_image=["/nope"],
            app_url=["/nope"],
            bots=[f"unix:{busy.socket}", f"unix:{bot.socket}"],
        ) as proxy,
    ):
        busy.reply = (503, {"Retry-After": "2"}, b"{}")
        for _ in range(4):
            assert proxy.call("POST", "/telegram", b"{}", **FROM_TELEGRAM).status == 200
        assert len(bot.seen) == 4
        assert bot.seen[0][1:2] == ("/telegram",)
        assert bot.seen[0][2]["X-Telegram-Bot-Api-Secret-Token"] == "a-word"
        bot.reply = busy.reply
        refused = proxy.call("POST", "/telegram", b"{}", **FROM_TELEGRAM)
        assert (refused.status, refused.headers["Retry-After"]) == (503, "2")
        seen = len(bot.seen) + len(busy.seen)
        stranger = proxy.call("POST", "/telegram", b"{}")
        assert (stranger.status, stranger.code) == (403, "wrong_secret")
        large = proxy.call("POST", "/telegram", b"x" * 1_100_000, **FROM_TELEGRAM)
        assert (large.status, large.code) == (413, "too_large")
        assert proxy.call("POST", "/telegram/x", b"{}", **FROM_TELEGRAM).status == 404
        assert len(bot.seen) + len(busy.seen) == seen
    lines = eventually(lambda: len(found := access_lines(folder)) == 8 and found, "the access log")
    assert {line["route"] for line in lines if line["status"] == 200} == {"/telegram"}
    assert "a-word" not in (folder / "nginx_access.log").read_text()


def test_while_no_bot_listens_telegram_is_told_to_come_back(world):
    proxy, images, url = world
    answer = proxy.call("POST", "/telegram", b"{}", **FROM_TELEGRAM)
    assert (answer.status, answer.code) == (502, "unavailable")
    assert images[0].seen == images[1].seen == url.seen == []


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, '"}'])
def test_a_malformed_request_id_is_replaced(world, given):
    proxy, _, url = world
    proxy.call("POST", "/v1/faces/url", b"{}", X_Request_ID=given)
    assert re.fullmatch("[0-9a-f]{32}", url.seen[0][2]["X-Request-ID"])
    failure = proxy.call("GET", "/nowhere", X_Request_ID=given)
    assert failure.json["error"]["request_id"] == failure.headers["X-Request-ID"]


def test_an_answer_carries_each_header_once(world):
    proxy, _, url = world
    own = {"X-Request-ID": "z", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    url.reply = (200, own, b"{}")
    with socket.create_connection(proxy.socket.split(":"), timeout=10) as line:
        line.sendall(b"POST /v1/faces/url HTTP/1.0\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
        text = b"".join(iter(lambda: line.recv(4096), b"")).decode().lower()
    for name in own:
        assert text.count(f"{name.lower()}:") == 1


def test_a_large_picture_goes_through_and_touches_no_disk(world, folder):
    proxy, images, _ = world
    for each in images:
        each.hold = threading.Event()
        each.reply = (200, {}, b"y" * 20_000_000)
    picture = b"x" * 20_000_000
    answers = []
    upload = threading.Thread(
        target=lambda: answers.append(proxy.call("POST", "/v1/faces", picture))
    )
    upload.start()
    eventually(lambda: images[0].seen or images[1].seen, "the upload")
    kept = [path for path in (folder / "nginx").rglob("*") if path.is_file()]
    assert [path.name for path in kept] == ["nginx.pid"]
    for each in images:
        each.hold.set()
    upload.join(60)
    assert len(answers[0].body) == 20_000_000
    assert (images[0].seen or images[1].seen)[0][3] == picture


def test_the_access_log_tells_routes_and_no_secrets(world, folder):
    proxy, _, _ = world
    proxy.call("POST", "/v1/faces?url=http://secret.example/", b"x", X_Request_ID="9-0")
    proxy.call("GET", "/secret-path", X_Request_ID="9-1")

    def ours() -> list[dict]:
        return [line for line in access_lines(folder) if line["request_id"].startswith("9-")]

    lines = eventually(lambda: len(found := ours()) == 2 and found, "the access log")
    assert [line["route"] for line in lines] == ["/v1/faces", "-"]
    assert "secret" not in (folder / "nginx_access.log").read_text()


def test_the_template_is_valid_for_names_that_are_resolved_while_running(folder):
    """The form of a container; Debian's own nginx is too old for `resolve`."""
    command = nginx_command()
    version = subprocess.run([command, "-v"], capture_output=True, text=True, check=True).stderr
    numbers = tuple(int(part) for part in re.findall(r"\d+", version)[:3])
    if numbers < (1, 27, 3):
        pytest.skip("needs nginx 1.27.3 or newer, as in the image")
    import string

    filled = string.Template(TEMPLATE.read_text()).safe_substitute(
        SEMBLANCE_NGINX_USER="",
        SEMBLANCE_NGINX_RUN=str(folder),
        SEMBLANCE_NGINX_ERROR_LOG="stderr",
        SEMBLANCE_NGINX_ACCESS_LOG="/dev/null",
        SEMBLANCE_LISTEN="8080",
        SEMBLANCE_RESOLVER="resolver 127.0.0.11 valid=2s;",
        SEMBLANCE_UPSTREAM_APP_IMAGE="server app_image:8000 resolve fail_timeout=5s;",
        SEMBLANCE_UPSTREAM_APP_URL="server app_url:8000 resolve fail_timeout=5s;",
        SEMBLANCE_AGAIN_APP_IMAGE="server app_image:8000 resolve max_fails=0;",
        SEMBLANCE_AGAIN_APP_URL="server app_url:8000 resolve max_fails=0;",
        SEMBLANCE_BOT="bot:8001",
        SEMBLANCE_API_RATE="50",
    )
    (folder / "c.conf").write_text(filled)
    subprocess.run([command, "-t", "-c", str(folder / "c.conf")], check=True)


def test_every_placeholder_is_described_at_the_top():
    # By name alone: a value of several lines would end the comment that it was filled into.
    head, _, rest = TEMPLATE.read_text(encoding="utf-8").partition("worker_processes")
    used = set(re.findall(r"\$\{(SEMBLANCE_\w+)\}", rest)) | {"SEMBLANCE_NGINX_USER"}
    assert used == set(re.findall(r"^# +(SEMBLANCE_\w+) +\S", head, re.MULTILINE))


def test_real_services_answer_through_the_proxy(folder, astronaut_jpeg):
    nginx_command()
    with (
        gunicorn("services.app_image:create()", folder) as image,
        gunicorn("services.app_url:create()", folder) as url,
        nginx(folder, app_image=[image.socket], app_url=[url.socket]) as proxy,
    ):
        found = proxy.call("POST", "/v1/faces", astronaut_jpeg, Content_Type="image/jpeg")
        assert (found.status, len(found.json["faces"])) == (200, 1)
        picture = proxy.call(
            "POST", "/v1/faces", astronaut_jpeg, Content_Type="image/jpeg", Accept="image/png"
        )
        assert picture.body.startswith(b"\x89PNG")
        refused = proxy.call("POST", "/v1/faces/url", {"url": "http://10.0.0.1/"})
        assert (refused.status, refused.code) == (422, "url_refused")
        body = b"{}"
        answer = proxy.call("POST", "/classify", body, **signed(body))
        assert (answer.status, answer.code) == (400, "bad_request")


def test_a_replica_that_is_killed_at_work_costs_no_answer(folder, astronaut_jpeg):
    nginx_command()
    (folder / "a").mkdir()
    (folder / "b").mkdir()
    statuses: list[int] = []
    with (
        gunicorn("services.app_image:create()", folder / "a") as doomed,
        gunicorn("services.app_image:create()", folder / "b") as survivor,
        nginx(
            folder, app_image=[doomed.socket, survivor.socket], app_url=[survivor.socket]
        ) as proxy,
    ):

        def ask_ten_times() -> None:
            for _ in range(10):
                answer = proxy.call("POST", "/v1/faces", astronaut_jpeg, Content_Type="image/jpeg")
                statuses.append(answer.status)

        askers = [threading.Thread(target=ask_ten_times) for _ in range(4)]
        for each in askers:
            each.start()
        eventually(lambda: len(statuses) >= 8, "the first answers")
        workers = psutil.Process(doomed.popen.pid).children()
        for each in [doomed.popen, *workers]:
            each.kill()
        for each in askers:
            each.join()
    assert statuses == [200] * 40
