"""After the first visit the webcam page needs no network, and keeps nothing but its own files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Browser, expect

from benchmarks.webcam_site import Site
from tests.service_processes import free_port
from tests.webcam_page import Visit

_CACHED = """
(async () => Object.fromEntries(await Promise.all((await caches.keys()).map(async (name) =>
  [name, (await (await caches.open(name)).keys()).map((one) => one.url)]))))()
"""
_READY = (
    "(async () => (await navigator.serviceWorker.ready) && !!navigator.serviceWorker.controller)()"
)


@pytest.fixture
def own(site: Site) -> Iterator[Site]:
    """A site that may be stopped or renewed."""
    running = Site(free_port(), site.upstream)
    running.start()
    yield running
    running.stop()


def cached(visit: Visit) -> dict[str, list[str]]:
    found: dict[str, list[str]] = visit.page.evaluate(_CACHED)
    return found


def opened(browser: Browser, own: Site, **options: Any) -> Visit:
    visit = Visit(browser, own.url, service_workers="allow", **options)
    visit.open()
    visit.until(_READY, "the service worker")
    return visit


def test_the_page_works_with_the_network_off_and_keeps_no_picture(
    browser: Browser, own: Site
) -> None:
    visit = opened(browser, own)
    visit.start("server")
    visit.until_looks(2)
    visit.page.locator("input[value=device]").check(force=True)
    visit.until("window.looks.at(-1).mode === 'device'")
    (files,) = cached(visit).values()
    assert sorted(files) == sorted(urljoin(own.url, path) for path in own.files())
    own.stop()
    visit.page.goto(f"{own.url}?from=a-link")
    assert visit.page.evaluate("window.looks.length") == 0
    visit.page.click("#start")
    visit.until_looks(3)
    expect(visit.page.locator("#mood-word")).to_have_text("Happy")
    (files,) = cached(visit).values()
    assert sorted(files) == sorted(urljoin(own.url, path) for path in own.files())
    # Only what the server alone can tell is missed.
    visit.close(expected="ERR_CONNECTION_REFUSED|ERR_EMPTY_RESPONSE")


def test_a_new_version_is_offered_and_replaces_the_old_one_when_it_is_wanted(
    browser: Browser, own: Site
) -> None:
    visit = opened(browser, own)
    before = cached(visit)
    own.release = "another"
    visit.page.evaluate(
        "(async () => { window.same = true;"
        "await (await navigator.serviceWorker.ready).update() })()"
    )
    expect(visit.page.locator("#update")).to_be_visible(timeout=30_000)
    assert visit.page.evaluate("window.same")
    version = visit.page.evaluate("SITE.version")
    visit.page.click("#update-now")
    visit.until("!window.same && document.readyState === 'complete'", "the reload")
    visit.until(f"self.SITE.version !== '{version}'")
    visit.until(
        f"(async () => (await caches.keys()).length === 1 && "
        f"!(await caches.keys()).includes('{next(iter(before))}'))()",
        "a tidy cache",
    )
    visit.close()
