"""How many pictures a second the webcam page looks at, on the device and with the server.

    python -m benchmarks.webcam [--json] [--seconds 20]

Opens the page in headless Chromium, whose camera is a video with one face (640x480, 30 frames a
second), and counts looks: on the device detector and both classifiers in the page, in server mode
round trips to one replica on this machine. Both are the median of the single seconds. Browser,
camera, page and replica share this machine's cores.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from dataclasses import asdict, dataclass

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.browser import BrowserUnavailable, runtime_folder
from benchmarks.processes import NEEDS_NGINX, free_port, local_run, run_folder, running
from benchmarks.webcam_camera import chromium, film
from benchmarks.webcam_site import Site

_WARM_UP_S = 4.0
_PATIENCE_S = 120.0
_COUNT = """
window.looks = [];
document.addEventListener("semblance:look", ({ detail }) =>
  window.looks.push({ at: performance.now(), ms: detail.ms, inFlight: detail.inFlight }));
"""


@dataclass(frozen=True)
class Rates:
    """Looks a second on the device and with the server, and the most requests at a time."""

    device_fps: float
    server_fps: float
    in_flight_max: int


def measure(seconds: int = 20) -> Rates:
    """Run the page for so long in each mode. Raises `BrowserUnavailable`; ends without nginx."""
    with run_folder() as run:
        service = local_run(run).get("app_image.1")
        # Without one a local run has both services in one process, on a port of its own.
        if service is None:
            raise SystemExit(NEEDS_NGINX)
        runtime_folder()
        video = film(run / "face.mjpeg")
        with running(service.name, service.argv, run, service.env) as replica:
            socket = run / f"{service.name}.sock"
            replica.wait_for(str(socket))
            site = Site(free_port(), socket)
            site.start()
            try:
                with sync_playwright() as playwright, chromium(playwright, video) as browser:
                    device = _looks(browser, site, "device", seconds)
                    server = _looks(browser, site, "server", seconds)
            finally:
                site.stop()
    return Rates(device, server, site.most_at_once)


def _looks(browser: Browser, site: Site, mode: str, seconds: int) -> float:
    """Looks a second: the median of the single seconds."""
    page = browser.new_page(service_workers="block")
    page.add_init_script(_COUNT)
    page.goto(site.url)
    page.locator(f"input[value={mode}]").check(force=True)
    page.click("#start")
    page.click("#about-continue")
    _wait_for_looks(page)
    page.wait_for_timeout(1000 * _WARM_UP_S)
    page.evaluate("window.looks.length = 0, window.from = performance.now()")
    page.wait_for_timeout(1000 * seconds)
    ages = page.evaluate("window.looks.map((look) => (look.at - window.from) / 1000)")
    page.context.close()
    counts = [sum(second <= age < second + 1 for age in ages) for second in range(seconds)]
    return float(statistics.median(counts))


def _wait_for_looks(page: Page) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not page.evaluate("window.looks.length"):
        if time.monotonic() > deadline:
            words = page.locator("body").inner_text()
            raise RuntimeError(f"no look within {_PATIENCE_S:.0f} s; the page says:\n{words}")
        page.wait_for_timeout(100)


def main(argv: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    arguments = parser.parse_args(argv)
    try:
        rates = measure(arguments.seconds)
    except BrowserUnavailable as error:
        raise SystemExit(str(error)) from None
    print(f"on the device {rates.device_fps:5.1f} frames a second")
    print(f"server        {rates.server_fps:5.1f} round trips a second")
    print(f"at most {rates.in_flight_max} request at a time")
    if arguments.json:
        print(json.dumps(asdict(rates)))


if __name__ == "__main__":
    main()
