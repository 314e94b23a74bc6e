from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.conftest import encoded
from training.explain import Explanation, draw, explain, main, occlusion, overlay, sentences
from utils.detector import Detection, Detector
from utils.faces import Opinion
from utils.labels import EMOTIONS
from utils.preprocessor import CropSpec

MOUTH = (slice(30, 42), slice(14, 34))
BROW = (slice(8, 14), slice(10, 38))


class Drawn:
    """A network that is sure of happiness where the mouth is bright, and less so below a brow."""

    def __init__(self, color: str = "gray", steepness: float = 4.0, bias: float = 0.0) -> None:
        self.crop = CropSpec(size_px=48, color=color, margin=0.0)
        self.steepness, self.bias = steepness, bias

    def probabilities(self, batch: np.ndarray) -> np.ndarray:
        mouth, brow = (batch[:, *place].mean((1, 2, 3)) for place in (MOUTH, BROW))
        happy = 1 / (1 + np.exp(-self.steepness * (mouth - 0.3 * brow + self.bias)))
        rows = np.zeros((len(batch), len(EMOTIONS)), np.float32)
        rows[:, EMOTIONS.index("happiness")], rows[:, 0] = happy, 1 - happy
        return rows

    def predict(self, crops: Sequence[np.ndarray]) -> list[Opinion]:
        batch = np.asarray(crops, np.float32).reshape(len(crops), 48, 48, -1) / 127.5 - 1
        rows = self.probabilities(batch)
        return [Opinion(EMOTIONS, tuple(map(float, row)), sure=True) for row in rows]


def face(*shape: int) -> np.ndarray:
    """Dark, with a bright mouth and a bright brow."""
    picture = np.full((48, 48, *shape), 60, np.uint8)
    picture[MOUTH], picture[BROW] = 255, 255
    return picture


@pytest.mark.parametrize(("color", "shape"), [("gray", ()), ("rgb", (3,))])
def test_the_hottest_place_is_where_the_information_is(color: str, shape: tuple[int, ...]) -> None:
    drop = occlusion(Drawn(color), face(*shape), EMOTIONS.index("happiness"), 0.25)
    assert drop.shape == (48, 48)
    y, x = np.unravel_index(drop.argmax(), drop.shape)
    assert MOUTH[0].start <= y < MOUTH[0].stop
    assert MOUTH[1].start <= x < MOUTH[1].stop
    assert drop[BROW].mean() < -0.01  # what speaks against the answer is cold
    assert np.abs(drop[20:24]).max() < drop.max() / 2


def test_another_label_has_another_map() -> None:
    drop = occlusion(Drawn(), face(), EMOTIONS.index("happiness"), 0.25)
    against = occlusion(Drawn(), face(), EMOTIONS.index("neutral"), 0.25)
    assert against == pytest.approx(-drop, abs=1e-6)


def test_corners_are_hidden_as_well() -> None:
    class Corner(Drawn):
        def probabilities(self, batch: np.ndarray) -> np.ndarray:
            return super().probabilities(np.roll(batch, (30, 20), (1, 2)))

    picture = np.roll(face(), (-30, -20), (0, 1))
    drop = occlusion(Corner(), picture, EMOTIONS.index("happiness"), 0.25)
    assert drop[:8, :8].min() > 0.02


def test_a_very_clear_answer_gets_larger_patches() -> None:
    box = (0, 0, 48, 48)
    photo = face(3)
    assert explain(Drawn(), photo, Detection(box, 1.0)).patch_share == 0.25
    assert explain(Drawn(steepness=10, bias=0.4), photo, Detection(box, 1.0)).patch_share > 0.25


def test_the_map_is_warm_where_hiding_costs_and_cold_where_it_helps() -> None:
    opinion = Drawn().predict([face()])[0]
    drop = np.zeros((48, 48))
    drop[:10], drop[-10:] = 0.3, -0.3
    picture = overlay(Explanation(opinion, np.full((320, 320, 3), 128, np.uint8), drop, 0.25))
    top, middle, bottom = (picture[row, 160].astype(int) for row in (20, 160, 300))
    assert top[0] > top[2] + 50
    assert bottom[2] > bottom[0] + 50
    assert middle == pytest.approx(np.full(3, 128), abs=1)


def test_what_hardly_matters_stays_pale() -> None:
    opinion = Drawn().predict([face()])[0]
    gray = np.full((320, 320, 3), 128, np.uint8)
    pale = overlay(Explanation(opinion, gray, np.full((48, 48), 0.005), 0.5))
    assert np.abs(pale.astype(int) - 128).max() < 15


def test_the_words_say_the_answer_and_what_it_hangs_on() -> None:
    drop = np.full((4, 4), 0.114)
    values = (0.25, 0.7, 0.05, 0, 0, 0, 0, 0)
    sure = Explanation(Opinion(EMOTIONS, values, sure=True), face(3), drop, 0.25)
    assert sentences(sure, "emotion") == (
        "apparent expression: happiness (70 %)",
        "patches of 25 % of the side on warm places cost it up to 11 points",
    )
    unsure = Explanation(Opinion(EMOTIONS, values, sure=False), face(3), drop, 0.25)
    said = "apparent gender: unsure: happiness (70 %) or neutral (25 %)"
    assert sentences(unsure, "gender")[0] == said


def test_each_face_has_its_row() -> None:
    explanation = explain(Drawn(), face(3), Detection((0, 0, 48, 48), 1.0))
    one, three = draw([explanation], "emotion"), draw([explanation] * 3, "emotion")
    assert three.size == (one.width, 3 * one.height)


@pytest.mark.parametrize("network", ["emotion", "gender"])
def test_the_command_explains_a_photo_with_the_served_network(
    astronaut_jpeg: bytes,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    network: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photo.jpg").write_bytes(astronaut_jpeg)
    main(["photo.jpg", "--network", network])
    assert f"explanation: photo-{network}.png" in capsys.readouterr().out
    sheet = np.asarray(Image.open(tmp_path / f"photo-{network}.png").convert("RGB"))
    crop_rgb, shown = sheet[-332:-12, 12:332], sheet[-332:-12, 344:664]
    luma = cv2.cvtColor(crop_rgb, cv2.COLOR_RGB2GRAY)
    assert np.abs(shown.astype(int) - luma[..., None]).max() > 20  # some place has a colour


def test_a_smile_is_seen_in_the_lower_half(astronaut: np.ndarray) -> None:
    from utils.classifiers import Classifier
    from utils.manifest import Manifest

    found = Detector(Manifest.load()).detect(astronaut)[0]
    explanation = explain(Classifier("emotion", Manifest.load()), astronaut, found)
    assert explanation.opinion.label == "happiness"
    side = len(explanation.drop)
    y, x = np.unravel_index(explanation.drop.argmax(), explanation.drop.shape)
    assert y > side / 2
    assert side / 5 < x < side * 4 / 5


@pytest.mark.parametrize(
    ("name", "options", "sentence"),
    [
        ("coffee.jpg", [], "no face was found"),
        ("text.jpg", [], "not a picture"),
        ("cut.jpg", [], r"cut\.jpg: "),
        ("nowhere.jpg", [], "cannot be read: No such file"),
        ("face.jpg", ["--face", "2"], "has one face, largest first: --face 2 is none of them"),
        ("face.jpg", ["--face", "0"], "--face 0 is none"),
        ("face.jpg", ["--face", "x"], "--face x is none"),
        ("face.jpg", ["--out", "nowhere/x.png"], "cannot be written"),
        ("face.jpg", ["--out", "x.what"], "unknown file extension"),
        ("face.jpg", ["--models", "nowhere"], "manifest.json"),
    ],
)
def test_what_cannot_be_explained_is_one_sentence(
    astronaut_jpeg: bytes,
    coffee_jpeg: bytes,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    options: list[str],
    sentence: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "face.jpg").write_bytes(astronaut_jpeg)
    (tmp_path / "coffee.jpg").write_bytes(coffee_jpeg)
    (tmp_path / "text.jpg").write_text("no picture")
    (tmp_path / "cut.jpg").write_bytes(encoded(np.zeros((99, 99, 3), np.uint8), "JPEG")[:300])
    with pytest.raises(SystemExit, match=sentence) as end:
        main([name, *options])
    assert "\n" not in str(end.value.code)
