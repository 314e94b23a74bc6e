"""The pictures of the webcam page in docs/, made anew from the page itself.

python -m benchmarks.webcam_pictures [--to docs]
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from benchmarks.browser import BrowserUnavailable
from benchmarks.processes import free_port, local_run, run_folder, running
from benchmarks.webcam_camera import chromium, film
from benchmarks.webcam_site import Site
from utils.settings import ROOT

_SHOTS: dict[str, dict[str, Any]] = {
    "webcam": {"viewport": {"width": 1280, "height": 900}},
    "webcam-phone": {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2},
    "webcam-dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
}
_QUALITY = 84


def main(argv: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--to", type=Path, default=ROOT / "docs")
    to = parser.parse_args(argv).to
    try:
        with (
            run_folder() as run,
            _site(run) as site,
            sync_playwright() as playwright,
            chromium(playwright, film(run / "face.mjpeg")) as browser,
        ):
            for name, options in _SHOTS.items():
                path = to / f"{name}.webp"
                _shot(browser, site, options).save(path, quality=_QUALITY, method=6)
                print(f"{path}: {path.stat().st_size / 1000:.0f} kB")
    except BrowserUnavailable as error:
        raise SystemExit(str(error)) from None


@contextmanager
def _site(run: Path) -> Iterator[Site]:
    service = local_run(run)["app_image.1"]
    with running(service.name, service.argv, run, service.env) as replica:
        socket = run / f"{service.name}.sock"
        replica.wait_for(str(socket))
        site = Site(free_port(), socket)
        site.start()
        yield site
        site.stop()


def _shot(browser: Browser, site: Site, options: dict[str, Any]) -> Image.Image:
    dark = options.get("color_scheme") == "dark"
    page = browser.new_page(service_workers="block", **options)
    page.goto(site.url)
    if dark:
        page.locator("input[value=server]").check(force=True)
    page.click("#start")
    page.click("#about-continue")
    page.click("#details-switch")
    page.locator(".row").first.wait_for()
    # Until the pace is known, and what moved has come to rest.
    page.wait_for_timeout(6000)
    data = page.screenshot()
    page.context.close()
    return Image.open(io.BytesIO(data)).convert("RGB")


if __name__ == "__main__":
    main()
