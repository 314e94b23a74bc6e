"""A visit to the webcam page: what a person does there, and what the page shows and says."""

from __future__ import annotations

import contextlib
import io
import re
import time
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Error, Page

PATIENCE_S = 60.0
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
