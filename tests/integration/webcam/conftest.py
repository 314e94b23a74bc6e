"""One browser, one camera and one set of services for all tests of the webcam page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

from benchmarks.browser import BrowserUnavailable, runtime_folder
from benchmarks.webcam_camera import chromium, film
from benchmarks.webcam_site import Site
from tests.service_processes import free_port, gunicorn
from tests.webcam_page import Visit


@pytest.fixture(scope="session")
def runtime() -> Path:
    """onnxruntime-web, or a skip where it cannot be fetched."""
    try:
        return runtime_folder()
    except BrowserUnavailable as error:
        pytest.skip(str(error))


@pytest.fixture(scope="package")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return film(tmp_path_factory.mktemp("camera") / "face.mjpeg")


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="package")
def browser(playwright: Playwright, video: Path, runtime: Path) -> Iterator[Browser]:
    try:
        with chromium(playwright, video) as running:
            yield running
    except BrowserUnavailable as error:
        pytest.skip(str(error))


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory, runtime: Path) -> Iterator[Site]:
    """The page before real services."""
    folder = tmp_path_factory.mktemp("w")
    with gunicorn("services.local:create()", folder) as services:
        running = Site(free_port(), services.socket)
        running.start()
        yield running
        running.stop()


@pytest.fixture
def visit(browser: Browser, site: Site) -> Iterator[Visit]:
    """The page, opened; at the end its console must be empty."""
    opened = Visit(browser, site.url)
    opened.open()
    yield opened
    opened.close()
