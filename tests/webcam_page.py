"""The webcam page in a real Chromium, whose camera is a video of the playground's sample face."""

from __future__ import annotations

import contextlib
import io
import math
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Error, Page, Playwright

from utils.settings import ROOT

SAMPLE = ROOT / "playground" / "static" / "sample.jpg"
PATIENCE_S = 60.0
FRAMES = 30
# Before any script of the page: what it saw, and every camera track that it was given.
_WITNESS = """
window.looks = [];
document.addEventListener("semblance:look", ({ detail }) =>
  window.looks.push(JSON.parse(JSON.stringify(detail))));
window.tracks = [];
if (navigator.mediaDevices) {
  const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (wanted) => {
    const stream = await ask(wanted);
    window.tracks.push(...stream.getTracks());
    return stream;
  };
}
"""
_NO_WORDS = re.compile(r"undefined|\bNaN\b|\[object|\bError\b|Exception|\bnull\b")


def frame(share: float = 0.0) -> Image.Image:
    """A moment (0..1) of the video: the face moves a little, from side to side."""
    moved = 8 * math.sin(2 * math.pi * share)
    with Image.open(SAMPLE) as sample:
        picture = sample.convert("RGB")
    view = (0.72, 0, 25 + moved, 0, 0.72, 4 + moved / 3)
    return picture.transform((640, 480), Image.Transform.AFFINE, view, Image.Resampling.BICUBIC)


def film(path: Path) -> Path:
    """The video as a file that Chromium takes for a camera."""
    with path.open("wb") as file:
        for number in range(FRAMES):
            frame(number / FRAMES).save(file, "JPEG", quality=92)
    return path


@contextlib.contextmanager
def chromium(
    playwright: Playwright, video: Path | None, *, allowed: bool = True
) -> Iterator[Browser]:
    """A browser with that camera, or none; `allowed` False refuses it to every page."""
    found = shutil.which("chromium") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("needs Chromium: install it (apt install chromium)")
    flags = ["--no-sandbox", "--autoplay-policy=user-gesture-required"]
    if video is not None:
        flags += ["--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={video}"]
        flags += [f"--use-fake-ui-for-media-stream{'' if allowed else '=deny'}"]
    browser = playwright.chromium.launch(executable_path=found, args=flags)
    try:
        yield browser
    finally:
        browser.close()


class Visit:
    """A page that somebody has opened; `complaints` are all that its console said."""

    def __init__(self, browser: Browser, url: str, **options: Any) -> None:
        options = {"service_workers": "block", "viewport": {"width": 1280, "height": 860}} | options
        self.url = url
        self.context: BrowserContext = browser.new_context(**options)
        self.context.add_init_script(_WITNESS)
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _said(self, message: Any) -> None:
        blocked = "Service Worker registration blocked" in message.text
        if message.type in ("error", "warning") and not blocked:
            self.complaints.append(message.text)

    def open(self) -> None:
        self.page.goto(self.url)

    def start(self, mode: str = "device") -> None:
        """Start the camera, having read the notice of the first use, and wait for a look."""
        self.page.locator(f"input[value={mode}]").check(force=True)
        self.page.click("#start")
        if self.page.locator("#about").is_visible():
            self.page.click("#about-continue")
        self.until_looks(1)

    def until(self, expression: str, what: str = "", patience_s: float = PATIENCE_S) -> Any:
        """The first true value of an expression in the page, which must not need `eval`."""
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline:
            # A page that is loaded anew in the meantime is asked again.
            with contextlib.suppress(Error):
                if value := self.page.evaluate(expression):
                    return value
            self.page.wait_for_timeout(50)
        pytest.fail(f"still waiting for {what or expression}; the page:\n{self.text()}")

    def until_looks(self, more: int) -> list[dict[str, Any]]:
        """So many looks after now."""
        before = len(self.looks())
        self.until(f"window.looks.length >= {before + more}", f"{more} looks")
        return self.looks()[before:]

    def looks(self) -> list[dict[str, Any]]:
        looks: list[dict[str, Any]] = self.page.evaluate("window.looks")
        return looks

    def text(self) -> str:
        """All that can be read on the page."""
        return str(self.page.evaluate("document.body.innerText"))

    def notice(self) -> str:
        return str(self.page.locator("#notice").inner_text()) if self.noticed() else ""

    def noticed(self) -> bool:
        return bool(self.page.locator("#notice").is_visible())

    def snapshot(self) -> Image.Image:
        with self.page.expect_download() as download:
            self.page.click("#snapshot")
        assert re.fullmatch(r"semblance-[0-9T-]+\.png", download.value.suggested_filename)
        return Image.open(io.BytesIO(Path(download.value.path()).read_bytes())).convert("RGB")

    def close(self, *, expected: str = r"^$") -> None:
        """Nothing was said that is not `expected`, and nothing is read that is no word."""
        surprising = [line for line in self.complaints if not re.search(expected, line)]
        text = self.text()
        self.context.close()
        assert not surprising, surprising
        assert not _NO_WORDS.search(text), text
