"""The webcam page with the server: a picture at a time, in order, and patience when it is away."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Request, expect

from benchmarks.webcam_site import Site
from tests.service_processes import free_port, gunicorn
from tests.webcam_page import Visit
from utils.settings import KEY_HASH_PREFIX, hash_of_key

KEY = "a-key-for-tests"


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory, runtime: Path) -> Iterator[Site]:
    """Services that want a key, take one request a second for it, and say no gender."""
    environ = {
        "SEMBLANCE_API_KEYS": f"{KEY_HASH_PREFIX}{hash_of_key(KEY)}",
        "SEMBLANCE_API_RATE": "1",
        "SEMBLANCE_GENDER": "off",
    }
    folder = tmp_path_factory.mktemp("s")
    with gunicorn("services.local:create()", folder, **environ) as services:
        site = Site(free_port(), services.socket)
        site.start()
        yield site
        site.stop()


def test_one_picture_is_asked_at_a_time_and_answers_come_in_order(visit: Visit, site: Site) -> None:
    sent: list[Request] = []
    visit.page.on("request", lambda request: sent.append(request))  # noqa: PLW0108  it is given an attribute
    site.most_at_once = 0
    # Slow enough that a page which does not wait would pile them up.
    site.delay_s = 0.1
    try:
        visit.start("server")
        looks = visit.until_looks(8)
    finally:
        site.delay_s = 0.0
    assert {look["mode"] for look in looks} == {"server"}
    assert {look["inFlight"] for look in looks} == {1}
    assert site.most_at_once == 1
    asked = [request for request in sent if request.url.endswith("/v1/faces")]
    assert len(asked) >= 8
    assert {request.method for request in asked} == {"POST"}
    assert {request.headers["content-type"] for request in asked} == {"image/jpeg"}
    assert not [request for request in sent if request.url.endswith(".onnx")]
    expect(visit.page.locator("#mood-word")).to_have_text("Happy")
    expect(visit.page.locator("#privacy")).to_contain_text("not stored")


def test_the_mode_is_changed_while_the_camera_runs(visit: Visit, site: Site) -> None:
    visit.start("server")
    visit.page.locator("input[value=device]").check(force=True)
    visit.until("window.looks.at(-1).mode === 'device'")
    asked = len([path for path in site.asked if path == "v1/faces"])
    visit.until_looks(5)
    # Nothing leaves the device from then on; the last one may have been under way.
    assert len([path for path in site.asked if path == "v1/faces"]) <= asked + 1
    visit.page.locator("input[value=server]").check(force=True)
    visit.until("window.looks.at(-1).mode === 'server'")
    assert visit.page.evaluate("window.tracks.length") == 1


def test_the_page_recovers_when_the_server_is_back(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory, runtime: Path
) -> None:
    folder = tmp_path_factory.mktemp("k")
    site = Site(free_port(), folder / "local.sock")
    site.start()
    visit = Visit(browser, site.url)
    with gunicorn("services.local:create()", folder) as services:
        visit.open()
        visit.start("server")
        services.popen.kill()
        visit.until("!document.getElementById('notice').hidden")
    assert "The server is away" in visit.notice()
    expect(visit.page.locator("#notice-action")).to_have_text("Retry now")
    visit.page.click("#notice-action")
    assert visit.page.evaluate("window.tracks[0].readyState") == "live"
    (folder / "local.sock").unlink(missing_ok=True)
    with gunicorn("services.local:create()", folder):
        visit.until_looks(2)
        expect(visit.page.locator("#notice")).to_be_hidden()
    site.stop()
    visit.close(expected="502|Failed to load resource")


def test_a_key_is_asked_for_kept_for_the_tab_and_its_rate_is_obeyed(
    browser: Browser, strict: Site
) -> None:
    visit = Visit(browser, strict.url)
    visit.open()
    visit.page.locator("input[value=server]").check(force=True)
    visit.page.click("#start")
    visit.page.click("#about-continue")
    expect(visit.page.locator("#notice-title")).to_have_text("The server wants a key")
    for given in ("wrong", KEY):
        visit.page.fill("#key", given)
        asked = strict.asked.count("v1/faces")
        visit.page.keyboard.press("Enter")
        visit.until("document.getElementById('notice').hidden || window.looks.length")
        deadline = time.monotonic() + 30
        while strict.asked.count("v1/faces") == asked:
            assert time.monotonic() < deadline
            visit.page.wait_for_timeout(20)
        if given != KEY:
            unknown = "The server does not know this key"
            expect(visit.page.locator("#notice-title")).to_have_text(unknown)
    visit.until_looks(1)
    # One a second and one more at once: soon the server asks to wait, and the page does.
    expect(visit.page.locator("#notice-title")).to_have_text(re.compile("Too many pictures"))
    refused = strict.asked.count("v1/faces")
    visit.page.wait_for_timeout(500)
    assert strict.asked.count("v1/faces") <= refused + 1
    visit.until_looks(2)
    kept = visit.page.evaluate("JSON.stringify([localStorage, sessionStorage])")
    assert kept.count(KEY) == 1
    assert KEY in visit.page.evaluate("JSON.stringify(sessionStorage)")
    visit.close(expected="401|429|Failed to load resource")


def test_where_gender_is_off_nothing_of_it_is_on_the_page(browser: Browser, strict: Site) -> None:
    visit = Visit(browser, strict.url)
    sent: list[str] = []
    visit.page.on("request", lambda request: sent.append(request.url))
    visit.open()
    visit.start()
    visit.page.click("#details-switch")
    expect(visit.page.locator("#details .row")).to_have_count(8)
    assert not re.search("woman|man|gender", visit.text(), re.IGNORECASE)
    assert {face["gender"] for look in visit.looks() for face in look["faces"]} == {None}
    assert not [url for url in sent if "gender" in url]
    # What was said last holds where the server cannot be asked.
    upstream, strict.upstream = strict.upstream, "/nowhere"
    visit.page.reload()
    visit.start()
    visit.page.wait_for_timeout(300)
    assert not re.search("woman|man|gender", visit.text(), re.IGNORECASE)
    strict.upstream = upstream
    visit.close(expected="502|Failed to load resource")


def test_without_the_runtime_the_server_looks(browser: Browser, site: Site) -> None:
    bare = Site(free_port(), site.upstream)
    bare.runtime = False
    bare.start()
    visit = Visit(browser, bare.url)
    visit.open()
    expect(visit.page.locator("input[value=device]")).to_be_disabled()
    expect(visit.page.locator("input[value=server]")).to_be_checked()
    visit.start("server")
    bare.upstream = "/nowhere"
    visit.until("!document.getElementById('notice').hidden")
    assert "Look on this device" not in visit.notice()
    expect(visit.page.locator("#mood-word")).to_have_text("Waiting")
    bare.stop()
    visit.close(expected="502|Failed to load resource")
