"""Pages of other servers in a real browser: may they call, and do they get what they read?"""

from __future__ import annotations

import functools
import http.server
import threading

import pytest

from tests.browsers import chromium, watched
from tests.doors import opened
from utils.settings import ROOT

KEY = "a-key-of-the-tests"
EIGHT = {"Anger", "Disgust", "Surprise", "Sadness", "Happiness", "Neutral", "Contempt", "Fear"}

# As a page reads a picture: drawn into a canvas.
CANVAS = """
  const image = new Image();
  image.src = "sample.jpg";
  await image.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.width, image.height];
  canvas.getContext("2d").drawImage(image, 0, 0);
"""
AS_A_FORM = f"""async (address) => {{
  {CANVAS}
  const text = canvas.toDataURL("image/jpeg").split(",")[1];
  return await new Promise((resolve, reject) => {{
    const call = new XMLHttpRequest();
    call.open("POST", address + "/face");
    call.setRequestHeader("Content-Type", "application/x-www-form-urlencoded");
    call.onload = () => resolve(Object.entries(JSON.parse(call.responseText).predictions));
    call.onerror = () => reject(new Error("refused"));
    call.send("imgBase64=" + encodeURIComponent(text));
  }});
}}"""
AS_A_BLOB = f"""async (address) => {{
  {CANVAS}
  const form = new FormData();
  form.append("imgData", await new Promise((give) => canvas.toBlob(give)));
  const answer = await fetch(address + "/", {{ method: "POST", body: form }});
  return [await answer.json(), answer.headers.get("X-Request-ID")];
}}"""
BY_KEY = f"""async ([address, key]) => {{
  {CANVAS}
  const body = await new Promise((give) => canvas.toBlob(give));
  const headers = {{ Authorization: `Bearer ${{key}}`, "X-Request-ID": "from-a-page" }};
  try {{
    const answer = await fetch(address + "/v1/faces", {{ method: "POST", body, headers }});
    return [answer.status, (await answer.json()).request_id];
  }} catch {{
    return "refused";
  }}
}}"""


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def elsewhere():
    """The origin of another server, which has a photo."""
    handler = functools.partial(Quiet, directory=ROOT / "playground" / "static")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def browser():
    with chromium() as started:
        yield started


@pytest.fixture
def page(browser, elsewhere):
    opened_page, _ = watched(browser)
    opened_page.goto(f"{elsewhere}/CREDITS.md")
    return opened_page


@pytest.mark.parametrize("stage", ["", "/Prod"])
def test_a_form_by_xmlhttprequest_reads_predictions_in_their_order(page, doors, stage):
    predictions = page.evaluate(AS_A_FORM, doors + stage)
    assert {label for label, _ in predictions} == EIGHT
    assert predictions == sorted(predictions, key=lambda pair: -pair[1])
    assert predictions[0][0] == "Happiness"


@pytest.mark.parametrize("stage", ["", "/Prod"])
def test_a_canvas_by_fetch_reads_a_word(page, doors, stage):
    word, request_id = page.evaluate(AS_A_BLOB, doors + stage)
    assert word == "happiness"
    assert request_id


@pytest.mark.parametrize("allowed", [True, False])
def test_a_page_that_the_operator_names_may_use_its_key(page, elsewhere, tmp_path_factory, allowed):
    origins = elsewhere if allowed else "https://another.example"
    environ = {"SEMBLANCE_API_KEYS": KEY, "SEMBLANCE_CORS": origins}
    with opened(tmp_path_factory.mktemp("c"), **environ) as address:
        answer = page.evaluate(BY_KEY, [address, KEY])
    assert answer == ([200, "from-a-page"] if allowed else "refused")
