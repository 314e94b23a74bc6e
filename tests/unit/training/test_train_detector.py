from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

from tests.unit.training.detection.drawn_faces import POINTS, write_detection_packs
from training import export_detector, train_detector
from training.detection import photos
from training.detection.judge import Judge, highest_scores
from training.detection.scenes import SceneSpec
from training.detection.teacher import HINTS
from utils.cells import OUTPUTS, Found, centres
from utils.detector import Detector
from utils.manifest import Manifest

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*np.object.*:FutureWarning"),
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't:DeprecationWarning"),
]

SKIN = np.array([224, 180, 150])


class SkinTeacher:
    """Stands for YuNet among drawn faces, which are ovals of one colour: it looks for that."""

    def __init__(self, _: Path) -> None: ...

    def find(self, image_rgb: np.ndarray, scale: float, from_score: float = 0.4) -> Found:
        del scale, from_score
        rows, columns = np.nonzero(np.abs(image_rgb.astype(int) - SKIN).max(2) < 30)
        if len(rows) < 40 or image_rgb.shape[0] != image_rgb.shape[1]:
            empty = np.zeros((0, 4), np.float32)
            return Found(empty, np.zeros(0, np.float32), np.zeros((0, 5, 2), np.float32))
        box = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1], np.float32)
        middle, height = (box[:2] + box[2:]) / 2, box[3] - box[1]
        points = (middle + POINTS * height).astype(np.float32)
        return Found(box[None], np.array([0.9], np.float32), points[None])

    def rows_and_hints(self, picture_rgb: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """It answers no cell: labels alone say where the faces are."""
        points, _ = centres(*picture_rgb.shape[:2])
        rows = np.zeros((len(points), OUTPUTS), np.float32)
        rows[:, 0] = -12
        return rows, np.zeros((len(points), HINTS), np.float32)


@pytest.fixture
def data(
    tmp_path_factory: pytest.TempPathFactory, drawn_packs: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    import shutil

    folder = tmp_path_factory.mktemp("detection")
    shutil.copytree(drawn_packs, folder, dirs_exist_ok=True)
    write_detection_packs(folder)
    monkeypatch.setattr(train_detector, "Teacher", SkinTeacher)
    return folder


def quick(**changes: object) -> train_detector.DetectorConfig:
    spec = SceneSpec(side_px=96, portrait_share=0.4, paste_share=0.2)
    config = replace(train_detector.CONFIG, epochs=2, decay_epochs=1, batch=4, steps=3, scenes=spec)
    return replace(config, **changes)  # type: ignore[arg-type]


def test_a_run_writes_a_network_that_can_be_exported_and_served(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = train_detector.train(quick(), data, tmp_path)
    assert file == tmp_path / "detector" / "average.keras"
    lines = (tmp_path / "detector" / "log.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["epoch"] for line in lines] == [1, 2]
    assert {"val_ap", "val_recall"} <= set(json.loads(lines[0]))

    models = tmp_path / "models"
    models.mkdir()
    Manifest(name="drawn", version="1", networks={}, folder=models).save()
    monkeypatch.setattr(export_detector, "calibrated", lambda *_: (1.5, 0.25))
    entry = export_detector.export(data, tmp_path / "detector", models)
    assert (entry.slope, entry.offset) == (1.5, 0.25)
    manifest = Manifest.load(models)
    assert manifest.detector == entry
    Detector(manifest).detect(np.zeros((90, 120, 3), np.uint8))  # serves what was exported
    assert keras.saving.load_model(models / "detector.keras", compile=False).count_params() < 1e5


def test_an_interrupted_run_goes_on_with_the_same_scenes(data: Path) -> None:
    def batch(epoch: int) -> np.ndarray:
        batches = train_detector.SceneBatches(_scenes(data), SkinTeacher(data), quick())
        batches.epoch = epoch
        return batches[1][0]

    assert (batch(3) == batch(3)).all()
    assert (batch(3) != batch(4)).any()


def _scenes(data: Path) -> train_detector.Scenes:
    return train_detector.Scenes(photos.load_photos(data, "training", None), [], quick().scenes)


def test_the_preview_is_drawn_and_nothing_is_trained(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from training.detection import preview

    monkeypatch.setattr(preview, "Teacher", SkinTeacher)
    sheet = tmp_path / "scenes.png"
    arguments = ["--data", str(data), "--runs", str(tmp_path / "runs"), "--preview", str(sheet)]
    train_detector.main(arguments)
    with Image.open(sheet) as picture:
        assert picture.size == (6 * 320, 5 * 320)
    assert not (tmp_path / "runs").exists()


def test_data_that_lacks_a_pack_is_one_sentence(data: Path, tmp_path: Path) -> None:
    (data / photos.PACKS[1]).unlink()
    with pytest.raises(SystemExit, match="is missing"):
        train_detector.main(["--data", str(data), "--runs", str(tmp_path)])


class Oracle:
    """Answers as a network would that finds the light ovals, to test who judges it."""

    def __init__(self, score: float) -> None:
        self._score = score

    def __call__(self, batch: np.ndarray, *, training: bool) -> np.ndarray:
        from utils.cells import OUTPUTS, UNIT, centres

        assert not training
        points, strides = centres(*batch.shape[1:3])
        rows = np.full((len(batch), len(points), OUTPUTS), -9, np.float32)
        for i, image in enumerate(batch):
            skin = np.abs(image - SKIN).max(2) < 60
            if skin.sum() < 40:
                continue
            y, x = np.nonzero(skin)
            low, high = np.array([x.min(), y.min()]), np.array([x.max() + 1, y.max() + 1])
            cell = 5
            unit = UNIT * strides[cell]
            rows[i, cell, 0] = self._score
            rows[i, cell, 1:3] = ((low + high) / 2 - points[cell]) / unit
            rows[i, cell, 3:5] = np.log((high - low) / unit)
        return rows


def test_the_judge_knows_a_good_network_from_a_blind_one(data: Path) -> None:
    from tests.unit.training.detection.drawn_faces import photo

    known = [photo((200, 150, 100)), photo((100, 100, 60)), photo()]
    good = Judge(known, 320)(Oracle(3.0))
    assert good == {"ap": pytest.approx(1), "recall": pytest.approx(1)}
    assert Judge(known, 320)(Oracle(-9.0)) == {"ap": 0.0, "recall": 0.0}


def test_the_highest_score_of_a_picture_is_a_share() -> None:
    from tests.unit.training.detection.drawn_faces import photo

    images = [photo((200, 150, 100)).image_rgb(), photo().image_rgb()]
    scores = highest_scores(Oracle(3.0), images, 320)
    assert scores == pytest.approx([0.9526, 0.0001], abs=1e-3)


def test_the_calibration_finds_the_curve_that_made_the_outcomes() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(0, 2, 20000)
    truth = (rng.random(20000) < 1 / (1 + np.exp(-(1.4 * x - 0.8)))).astype(float)
    slope, offset = export_detector.logistic(x, truth)
    assert slope == pytest.approx(1.4, abs=0.06)
    assert offset == pytest.approx(-0.8, abs=0.05)
