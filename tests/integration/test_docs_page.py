"""`/docs` in a real browser: every route can be tried, nothing comes from elsewhere."""

from __future__ import annotations

import json

import pytest

from benchmarks.picture_server import picture_server
from tests.axe import violations
from tests.browsers import chromium, watched
from tests.doors import opened
from utils.settings import ROOT

PHOTO = ROOT / "playground" / "static" / "sample.jpg"
KEY = "a-key-of-the-tests"


@pytest.fixture(scope="module")
def browser():
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def locked(tmp_path_factory):
    with opened(tmp_path_factory.mktemp("k"), SEMBLANCE_API_KEYS=KEY) as address:
        yield address


def sent(form) -> str:
    form.get_by_role("button", name="Send").click()
    outcome = form.locator(".outcome[data-good=true], .outcome[data-good=false]")
    outcome.wait_for()
    return outcome.text_content()


@pytest.mark.parametrize("stage", ["", "/Prod"])
def test_a_picture_is_tried_and_comes_back_annotated(browser, doors, stage):
    page, complaints = watched(browser)
    loaded: list[str] = []
    page.on("request", lambda request: loaded.append(request.url))
    page.goto(f"{doors}{stage}/docs")
    form = page.locator("#analyze form")
    form.get_by_label("Picture", exact=True).set_input_files(PHOTO)
    form.get_by_label("max_faces").fill("1")
    assert sent(form).startswith("200")
    (face,) = json.loads(form.locator("pre").text_content())["faces"]
    assert face["emotion"]["label"] == "happiness"
    form.locator("img").wait_for()
    assert (
        form.locator("img").evaluate("async (img) => (await img.decode(), img.naturalWidth)") == 512
    )
    own = (f"{doors}{stage}/", "data:", f"blob:{doors}/")
    assert [url for url in loaded if not url.startswith(own)] == []
    assert complaints == []


def test_every_other_route_is_tried(browser, doors, astronaut_jpeg):
    page, complaints = watched(browser)
    page.goto(f"{doors}/docs")
    with picture_server(astronaut_jpeg) as pictures:
        for form in page.locator("form[data-path]").all():
            how = form.get_attribute("data-sends")
            if how == "query":
                continue  # for pictures of 1,400 bytes
            if how == "url":
                form.get_by_label("URL of a picture").fill(f"{pictures}/photo.jpg")
            elif how != "nothing":
                form.get_by_label("Picture", exact=True).set_input_files(PHOTO)
            assert sent(form).startswith("200"), form.get_attribute("data-path")
    assert complaints == []


def test_a_failure_is_shown_as_it_is(browser, doors):
    page, _ = watched(browser)
    page.goto(f"{doors}/docs")
    form = page.locator("#analyzeUrl form")
    form.get_by_label("URL of a picture").fill("http://10.0.0.1/")
    assert sent(form).startswith("422")
    assert "url_refused" in form.locator("pre").text_content()


def test_a_key_is_asked_for_and_sent(browser, locked):
    page, _ = watched(browser)
    page.goto(f"{locked}/docs")
    form = page.locator("#mood form")
    form.get_by_label("Picture", exact=True).set_input_files(PHOTO)
    assert sent(form).startswith("401")
    page.get_by_label("Your key").fill(KEY)
    page.get_by_label("Your key").press("Enter")
    assert sent(form).startswith("200")
    assert form.locator("pre").text_content() == '"happiness"'


def test_an_example_is_copied_with_the_address_of_the_page(browser, doors):
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto(f"{doors}/Prod/docs")
    page.locator("#analyze .copy").first.click()
    page.get_by_text("Copied").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == f"curl -F image=@photo.jpg {doors}/Prod/v1/faces"


@pytest.mark.parametrize("width", [360, 800, 1280])
def test_it_fits_every_width(browser, doors, width):
    page, _ = watched(browser, viewport={"width": width, "height": 800})
    page.goto(f"{doors}/docs")
    for details in page.locator("details").all():
        details.evaluate("each => each.open = true")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


LAYOUTS = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "has_touch": True},
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_axe_finds_nothing(browser, locked, layout):
    page, _ = watched(browser, **LAYOUTS[layout])
    page.goto(f"{locked}/docs")
    for details in page.locator("details").all():
        details.evaluate("each => each.open = true")
    form = page.locator("#about form")
    assert sent(form).startswith("200")
    assert violations(page) == []


def test_it_is_used_by_keyboard_alone(browser, doors):
    page, _ = watched(browser)
    page.goto(f"{doors}/docs")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "To the routes"
    page.keyboard.press("Enter")
    form = page.locator("#about form")
    for _ in range(200):
        page.keyboard.press("Tab")
        if form.evaluate("form => form.contains(document.activeElement)"):
            break
    page.keyboard.press("Enter")
    form.locator(".outcome[data-good=true]").wait_for()
