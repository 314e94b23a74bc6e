"""The page cuts, finds and names faces as the services do, and with the same labels."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import requests
from PIL import Image
from playwright.sync_api import Browser

from benchmarks.webcam_camera import frame
from benchmarks.webcam_site import Site
from tests.conftest import encoded
from tests.webcam_page import Visit
from utils.labels import EMOTIONS, GENDERS
from utils.manifest import Manifest
from utils.preprocessor import CropSpec, crop, to_input

UPRIGHT = ((255.0, 170.0), (330.0, 172.0), (292.0, 210.0), (262.0, 246.0), (322.0, 247.0))
# Turned by a quarter, far from the front; the network's own word for nothing to turn by is none.
TILTED = ((250.0, 240.0), (300.0, 170.0), (320.0, 225.0), (318.0, 290.0), (362.0, 228.0))
CUTS = [
    ((235, 110, 350, 260), UPRIGHT),
    ((225, 130, 375, 290), TILTED),
    ((235, 110, 350, 260), ()),
    # Over the edges, where the border is repeated, and much smaller than a crop.
    ((0, 0, 90, 130), ()),
    ((560, 400, 640, 480), ()),
    ((20, 30, 46, 60), ((26.0, 41.0), (38.0, 40.0), (32.0, 46.0), (28.0, 53.0), (37.0, 52.0))),
    # So large that it is shrunk by a whole factor first.
    (
        (100, 10, 560, 470),
        ((220.0, 180.0), (440.0, 190.0), (330.0, 280.0), (240.0, 380.0), (420.0, 385.0)),
    ),
    # Landmarks that lie beside the face are not used.
    ((235, 110, 350, 260), tuple((x + 200, y) for x, y in UPRIGHT)),
]
_PIXELS = """
const bytes = Uint8Array.from(atob(png), (one) => one.charCodeAt(0));
const bitmap = await createImageBitmap(new Blob([bytes]));
"""


@pytest.fixture(scope="module")
def visit(browser: Browser, site: Site) -> Iterator[Visit]:
    """One page for all of them, so that the networks are loaded once."""
    opened = Visit(browser, site.url)
    opened.open()
    yield opened
    opened.close()


def in_page(visit: Visit, body: str, **values: Any) -> Any:
    names = ", ".join(values)
    return visit.page.evaluate(f"async ({{{names}}}) => {{ {body} }}", values)


def as_png(picture: Image.Image) -> str:
    return base64.b64encode(encoded(picture, "PNG")).decode()


def test_the_page_has_words_for_exactly_our_labels(visit: Visit) -> None:
    said = in_page(
        visit,
        "const m = await import('/web/mood.js');"
        "return [Object.keys(m.MOODS), Object.keys(m.WORDS), Object.keys(m.GENDER_WORDS)]",
    )
    assert said == [list(EMOTIONS), list(EMOTIONS), list(GENDERS)]


@pytest.mark.parametrize("name", ["emotion", "gender"])
def test_a_crop_is_the_same_in_the_page(visit: Visit, name: str) -> None:
    picture = frame()
    spec = Manifest.load().networks[name].crop
    theirs = in_page(
        visit,
        _PIXELS
        + """
        const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
        const context = canvas.getContext("2d");
        context.drawImage(bitmap, 0, 0);
        const pixels = context.getImageData(0, 0, bitmap.width, bitmap.height);
        const { batch, crop } = await import("/web/crops.js");
        return cuts.map(([box, landmarks]) =>
          Array.from(batch([crop(pixels, box, spec, landmarks)], spec)));
        """,
        png=as_png(picture),
        spec=_as_json(spec),
        cuts=CUTS,
    )
    for (box, landmarks), values in zip(CUTS, theirs, strict=True):
        ours = to_input([crop(np.asarray(picture), box, spec, landmarks)], spec).ravel()
        levels = np.abs(ours - np.array(values)) * 255 / (spec.input_max - spec.input_min)
        assert levels.max() < 1.01, (box, landmarks)
        assert (levels > 0.5).mean() < 0.02, (box, landmarks)


def _as_json(spec: CropSpec) -> dict[str, Any]:
    entries = json.loads((Manifest.load().folder / "manifest.json").read_text(encoding="utf-8"))
    crops: list[dict[str, Any]] = [each["crop"] for each in entries["networks"].values()]
    return next(each for each in crops if each["size_px"] == spec.size_px)


def pictures() -> dict[str, Image.Image]:
    """Where the page and the server could come apart."""
    face = frame()
    several = Image.new("RGB", (1400, 900), (96, 104, 110))
    for turn, size, at in ((0, 420, (20, 20)), (20, 300, (600, 80)), (-15, 130, (1100, 500))):
        several.paste(face.rotate(turn, expand=False).resize((size, size * 3 // 4)), at)
    half = face.crop((330, 0, 640, 480))
    return {
        "a frame": face,
        "a moved frame": frame(0.3),
        "several in a large picture": several,
        "half a face at the edge": half,
        "as small as a crop": face.crop((225, 60, 385, 260)).resize((112, 140)),
        "long": face.crop((0, 60, 640, 200)),
    }


@pytest.mark.parametrize("name", pictures())
def test_the_device_says_what_the_server_says(visit: Visit, site: Site, name: str) -> None:
    picture = pictures()[name]
    answer = requests.post(
        f"{site.url}v1/faces",
        data=encoded(picture, "PNG"),
        headers={"Content-Type": "image/png"},
        timeout=30,
    ).json()
    looked = in_page(
        visit,
        _PIXELS
        + """
        const { Device } = await import("/web/device.js");
        window.device ??= new Device({ gender: true, loading() {} });
        return window.device.look(bitmap, { closer: true });
        """,
        png=as_png(picture),
    )
    assert looked["size"] == answer["size_wh"]
    assert [face["box"] for face in looked["faces"]] == [f["box_xyxy"] for f in answer["faces"]]
    for ours, theirs in zip(looked["faces"], answer["faces"], strict=True):
        assert ours["confidence"] == pytest.approx(theirs["confidence"], abs=1e-3)
        for opinion in ("emotion", "gender"):
            likely = ours[opinion]["probabilities"]
            assert likely == pytest.approx(theirs[opinion]["probabilities"], abs=1e-3)
            assert max(likely, key=likely.__getitem__) == theirs[opinion]["label"]
            assert ours[opinion]["sure"] == theirs[opinion]["sure"]


def test_candidates_are_those_of_the_library(visit: Visit) -> None:
    from utils.faces import Opinion

    rng = np.random.default_rng(0)
    rows = [row / row.sum() for row in rng.gamma(0.4, size=(60, len(EMOTIONS)))]
    rows += [np.eye(len(EMOTIONS))[2], np.full(len(EMOTIONS), 1 / len(EMOTIONS))]
    opinions = [
        Opinion(EMOTIONS, tuple(float(value) for value in row), sure=sure)
        for row in rows
        for sure in (True, False)
    ]
    said = in_page(
        visit,
        "const { candidates } = await import('/web/opinions.js');"
        "return opinions.map((one) => candidates(one).map((each) => [each.label, each.percent]))",
        opinions=[
            {
                "probabilities": dict(zip(one.labels, one.probabilities, strict=True)),
                "sure": one.sure,
            }
            for one in opinions
        ],
    )
    assert said == [[list(each) for each in one.candidates] for one in opinions]
