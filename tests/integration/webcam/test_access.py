"""The webcam page for everybody: by keyboard alone, and by the rules that axe-core knows."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from benchmarks.webcam_site import Site
from tests.axe import violations
from tests.webcam_page import Visit

LAYOUTS = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "has_touch": True},
    "small phone, dark": {"viewport": {"width": 320, "height": 600}, "color_scheme": "dark"},
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_axe_finds_nothing(browser: Browser, site: Site, layout: str) -> None:
    visit = Visit(browser, site.url, reduced_motion="reduce", **LAYOUTS[layout])
    visit.open()
    assert violations(visit.page) == []
    visit.page.click("#about-button")
    assert violations(visit.page) == []
    visit.page.keyboard.press("Escape")
    visit.start("server")
    visit.page.click("#details-switch")
    visit.until("document.querySelectorAll('.row').length")
    assert violations(visit.page) == []
    visit.page.evaluate("window.tracks[0].dispatchEvent(new Event('ended'))")
    expect(visit.page.locator("#notice")).to_be_visible()
    assert violations(visit.page) == []
    visit.close()


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_nothing_reaches_over_the_side(browser: Browser, site: Site, width: int) -> None:
    visit = Visit(browser, site.url, viewport={"width": width, "height": 800})
    visit.open()
    visit.page.click("#details-switch")
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
    visit.close()


def test_everything_is_done_by_keyboard(visit: Visit) -> None:
    def go_to(name: str) -> None:
        for _ in range(20):
            if visit.page.evaluate("document.activeElement.id") == name:
                return
            visit.page.keyboard.press("Tab")
        pytest.fail(f"Tab never leads to {name}")

    def press(name: str, key: str = "Enter") -> None:
        go_to(name)
        visit.page.keyboard.press(key)

    press("start")
    press("about-continue")
    visit.until_looks(1)
    press("details-switch", "Space")
    expect(visit.page.locator("#details .row")).to_have_count(10)
    press("blur", "Space")
    expect(visit.page.locator("#blur")).to_have_attribute("aria-pressed", "true")
    with visit.page.expect_download():
        press("snapshot")
    press("toggle")
    assert visit.page.evaluate("window.tracks[0].readyState") == "ended"
    assert visit.page.evaluate("document.activeElement.id") == "start"
    press("about-button")
    visit.page.keyboard.press("Escape")
    expect(visit.page.locator("#about")).to_be_hidden()
    visit.page.keyboard.press("Tab")


def test_the_mood_is_read_out_but_not_with_every_frame(visit: Visit) -> None:
    visit.page.evaluate(
        "window.said = []; new MutationObserver(() => window.said.push("
        "document.getElementById('announcer').textContent)).observe("
        "document.getElementById('announcer'), { childList: true })"
    )
    visit.start("server")
    visit.until_looks(10)
    assert visit.page.evaluate("window.said") == ["Apparent expression: happy"]


def test_writing_on_every_mood_can_be_read(visit: Visit) -> None:
    moods = visit.page.evaluate("(async () => (await import('/web/mood.js')).MOODS)()")
    for label, mood in moods.items():
        for ground in (mood["from"], mood["to"]):
            assert contrast(mood["ink"], ground) >= 4.5, label


def contrast(one: str, other: str) -> float:
    """The ratio of two colours' luminances, as WCAG 2 counts it."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        red, green, blue = (
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)
