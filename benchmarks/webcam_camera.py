"""Chromium with a camera whose picture is a video of the playground's sample face."""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Playwright

from benchmarks.browser import BrowserUnavailable
from utils.settings import ROOT

SAMPLE = ROOT / "playground" / "static" / "sample.jpg"
FRAMES = 30


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


@contextmanager
def chromium(
    playwright: Playwright, video: Path | None, *, allowed: bool = True
) -> Iterator[Browser]:
    """A browser with that camera, or none; `allowed` False refuses it to every page.

    Raises `BrowserUnavailable`.
    """
    found = shutil.which("chromium") or shutil.which("google-chrome")
    if found is None:
        raise BrowserUnavailable("needs Chromium: install it (apt install chromium)")
    flags = ["--no-sandbox", "--autoplay-policy=user-gesture-required"]
    if video is not None:
        flags += [
            "--use-fake-device-for-media-stream",
            f"--use-file-for-fake-video-capture={video}",
        ]
        flags += [f"--use-fake-ui-for-media-stream{'' if allowed else '=deny'}"]
    browser = playwright.chromium.launch(executable_path=found, args=flags)
    try:
        yield browser
    finally:
        browser.close()
