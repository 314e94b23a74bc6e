"""The webcam page with a camera: what it shows, and that it lets go of it."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Playwright, expect

from benchmarks.webcam_camera import chromium, frame
from benchmarks.webcam_site import Site
from tests.conftest import encoded
from tests.webcam_page import Visit

INSIDE = (228, 110, 310, 205)  # what is face alone of `frame`


def sharpness(picture: Image.Image, box: tuple[int, int, int, int]) -> float:
    """How little neighbouring pixels foretell each other in a box of a mirrored picture."""
    gray = np.asarray(picture.convert("L"), np.float32)
    mirrored = gray[box[1] : box[3], 640 - box[2] : 640 - box[0]]
    return float(np.abs(np.diff(mirrored, n=2)).mean())


def test_start_shows_boxes_and_a_mood_and_stop_releases_the_camera(visit: Visit) -> None:
    visit.start()
    looks = visit.until_looks(3)
    assert {look["mode"] for look in looks} == {"device"}
    assert {len(look["faces"]) for look in looks} == {1}
    expect(visit.page.locator("#mood-word")).to_have_text("Happy")
    assert re.search(r"9\d %, woman 9\d %", visit.text())
    assert visit.page.locator("#mood").get_attribute("data-mood") == "happiness"
    drawn = visit.page.evaluate(
        "(() => { const c = document.getElementById('canvas');"
        "return c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some(Boolean) })()"
    )
    assert drawn
    assert visit.page.evaluate("window.tracks.map((t) => t.kind + t.readyState)") == ["videolive"]
    visit.page.click("#toggle")
    assert visit.page.evaluate("window.tracks.map((t) => t.readyState)") == ["ended"]
    expect(visit.page.locator("#start")).to_be_visible()
    expect(visit.page.locator("#mood-word")).to_have_text("Nobody yet")
    seen = len(visit.looks())
    visit.page.wait_for_timeout(300)
    assert len(visit.looks()) == seen


def test_a_face_keeps_its_number(visit: Visit) -> None:
    visit.start("server")
    looks = visit.until_looks(20)
    assert {face["id"] for look in looks for face in look["faces"]} == {1}


def test_the_first_use_says_what_happens_with_the_picture(visit: Visit) -> None:
    visit.page.click("#start")
    notice = visit.page.locator("#about")
    for words in ("No picture leaves the device", "no picture is stored", "apparent", "Not for"):
        expect(notice).to_contain_text(words)
    visit.page.keyboard.press("Escape")
    assert visit.page.evaluate("window.tracks.length") == 0
    visit.start("server")
    visit.page.click("#toggle")
    visit.page.click("#start")
    expect(notice).to_be_hidden()


def test_details_show_all_probabilities(visit: Visit) -> None:
    visit.start("server")
    visit.page.click("#details-switch")
    rows = visit.page.locator("#details .row")
    expect(rows).to_have_count(10)
    expect(rows.filter(has_text="Happy")).to_contain_text(re.compile(r"9\d %"))
    expect(rows.filter(has_text="Woman")).to_contain_text(re.compile(r"9\d %"))
    visit.page.click("#details-switch")
    expect(visit.page.locator("#details")).to_be_hidden()


def test_a_snapshot_is_the_picture_with_its_marks_and_blur_hides_the_face(visit: Visit) -> None:
    visit.start("server")
    plain = visit.snapshot()
    assert plain.size == (640, 480)
    visit.page.click("#blur")
    expect(visit.page.locator("#video")).to_have_css("visibility", "hidden")
    visit.until_looks(3)
    blurred = visit.snapshot()
    assert sharpness(blurred, INSIDE) < sharpness(plain, INSIDE) / 3
    # What is no face is as sharp as before.
    elsewhere = (100, 300, 540, 470)
    assert sharpness(blurred, elsewhere) == pytest.approx(sharpness(plain, elsewhere), rel=0.3)
    visit.page.click("#blur")
    expect(visit.page.locator("#video")).to_have_css("visibility", "visible")


def test_no_face_is_said(browser: Browser, site: Site, coffee_jpeg: bytes) -> None:
    visit = Visit(browser, site.url)
    visit.open()
    visit.start()
    give(visit, coffee_jpeg)
    expect(visit.page.locator("#mood-word")).to_have_text("Nobody there")
    expect(visit.page.locator("#mood-more")).to_have_text("No face is in the picture.")
    # A picture is looked at without a camera.
    assert visit.page.evaluate("window.tracks.map((t) => t.readyState)") == ["ended"]
    visit.close()


def give(visit: Visit, data: bytes, kind: str = "image/jpeg") -> None:
    visit.page.set_input_files("#picker", [{"name": "picture", "mimeType": kind, "buffer": data}])


def test_a_picture_may_be_dropped_chosen_and_replaced(visit: Visit) -> None:
    data = encoded(frame(), "PNG")
    visit.page.evaluate(
        """(bytes) => {
          const given = new DataTransfer();
          given.items.add(new File([new Uint8Array(bytes)], "face.png", { type: "image/png" }));
          const told = { dataTransfer: given, bubbles: true, cancelable: true };
          document.body.dispatchEvent(new DragEvent("dragover", told));
          document.body.dispatchEvent(new DragEvent("drop", told));
        }""",
        list(data),
    )
    visit.page.click("#about-continue")
    expect(visit.page.locator("#mood-word")).to_have_text("Happy", timeout=30_000)
    assert visit.page.evaluate("window.tracks.length") == 0
    assert visit.snapshot().size == (640, 480)
    give(visit, b"no picture at all", "text/plain")
    expect(visit.page.locator("#notice-title")).to_have_text(re.compile("no picture"))
    two = Image.new("RGB", (1280, 480))
    two.paste(frame(), (0, 0))
    two.paste(frame(0.4), (640, 0))
    give(visit, encoded(two, "JPEG", quality=95))
    visit.until("window.looks.at(-1).faces.length === 2", "both faces")
    expect(visit.page.locator("#notice")).to_be_hidden()


def test_a_refused_camera_is_said_with_what_to_do(
    playwright: Playwright, video: Path, site: Site
) -> None:
    with chromium(playwright, video, allowed=False) as browser:
        visit = Visit(browser, site.url)
        visit.open()
        visit.page.click("#start")
        visit.page.click("#about-continue")
        visit.until("!document.getElementById('notice').hidden")
        assert "The camera was refused" in visit.notice()
        assert "Allow it" in visit.notice()
        expect(visit.page.locator("#notice-action")).to_have_text("Try again")
        visit.close()


def test_a_machine_without_a_camera_is_offered_pictures(playwright: Playwright, site: Site) -> None:
    with chromium(playwright, None) as browser:
        visit = Visit(browser, site.url, permissions=["camera"])
        visit.open()
        visit.page.click("#start")
        visit.page.click("#about-continue")
        visit.until("!document.getElementById('notice').hidden")
        assert "There is no camera" in visit.notice()
        with visit.page.expect_file_chooser() as chooser:
            visit.page.click("#notice-action")
        chooser.value.set_files(
            {"name": "a", "mimeType": "image/png", "buffer": encoded(frame(), "PNG")}
        )
        expect(visit.page.locator("#mood-word")).to_have_text("Happy", timeout=30_000)
        visit.close()


def test_a_camera_that_is_unplugged_is_said(visit: Visit) -> None:
    visit.start("server")
    visit.page.evaluate("window.tracks[0].dispatchEvent(new Event('ended'))")
    expect(visit.page.locator("#notice-title")).to_have_text("The camera has gone")
    visit.page.click("#notice-action")
    visit.until_looks(1)
