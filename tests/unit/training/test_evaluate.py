"""Figures of networks that know the answers, on drawn packs; nothing here needs TensorFlow."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.unit.training.drawn_models import write_models
from tests.unit.training.packs import state_sums
from training import evaluate, model_card, reports
from training.datasets import FER_PRIVATE, load_fer
from training.judges import judge_emotion, judge_gender
from training.packs import sha256_of
from training.plots import PLOTS
from utils.classifiers import Classifier
from utils.manifest import Manifest


@pytest.fixture(scope="module")
def published(drawn_packs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A models folder that `--write` was called on."""
    folder = write_models(tmp_path_factory.mktemp("published"), int8=True)
    evaluate.main(["--data", str(drawn_packs), "--models", str(folder), "--write"])
    return folder


def test_a_network_that_knows_is_right_everywhere(drawn_packs: Path, tmp_path: Path) -> None:
    figures = evaluate.evaluate(drawn_packs, write_models(tmp_path))
    for key in ("ferplus_test_accuracy", "ferplus_majority_accuracy", "fairface_val_accuracy"):
        assert figures[key] == 1, key
    assert figures["fairface_worst_gap"] == 0
    assert figures["n"]["ferplus_test_accuracy"] == 12
    assert figures["n"]["fairface_val_accuracy"] == 48


def test_pictures_with_a_twin_are_left_out_of_the_second_figure(
    drawn_packs: Path, tmp_path: Path
) -> None:
    figures = evaluate.evaluate(drawn_packs, write_models(tmp_path))
    assert figures["n"]["fer2013_private_accuracy"] == 12
    assert figures["n"]["fer2013_private_without_twins_accuracy"] == 11
    assert figures["n"]["ferplus_test_without_twins_accuracy"] == 11


def test_the_second_head_answers_for_fer2013_where_there_is_one(
    drawn_packs: Path, tmp_path: Path
) -> None:
    fer = load_fer(drawn_packs)
    label = fer.label[fer.usage == FER_PRIVATE]
    judged = []
    for second_head in (True, False):
        manifest = Manifest.load(write_models(tmp_path, second_head=second_head))
        report = judge_emotion(drawn_packs, Classifier("emotion", manifest), 0.8).report
        assert report["fer2013_head"] is second_head
        judged.append(report["figures"])
    assert judged[0]["fer2013_private_accuracy"] == pytest.approx((label == 3).mean())
    assert judged[1]["fer2013_private_accuracy"] == judged[1]["fer2013_from_eight_accuracy"]
    assert judged[0]["fer2013_from_eight_accuracy"] == judged[1]["fer2013_from_eight_accuracy"]


def test_the_majority_figure_takes_only_what_more_than_half_agree_on(
    drawn_packs: Path, tmp_path: Path
) -> None:
    packs = tmp_path / "packs"
    shutil.copytree(drawn_packs, packs)
    arrays = dict(np.load(packs / "fer2013.npz"))
    private = np.flatnonzero(arrays["usage"] == FER_PRIVATE)
    # Exactly half, counting "unknown"; and one vote more, the two single votes being dropped.
    arrays["votes"][private[0]] = (5, 2, 0, 0, 0, 0, 0, 0, 3, 0)
    arrays["votes"][private[1]] = (5, 3, 1, 1, 0, 0, 0, 0, 0, 0)
    np.savez(packs / "fer2013.npz", **arrays)
    state_sums(packs)
    manifest = Manifest.load(write_models(tmp_path))
    report = judge_emotion(packs, Classifier("emotion", manifest), 0.8).report
    assert report["n"]["ferplus_test_accuracy"] == 12
    assert report["n"]["ferplus_majority_accuracy"] == 11


def test_the_worst_gap_is_the_distance_of_the_worst_group_to_all(
    drawn_packs: Path, tmp_path: Path
) -> None:
    manifest = Manifest.load(write_models(tmp_path))

    class Wrong(Classifier):
        """Takes the first picture's man for a woman."""

        def probabilities(self, batch: np.ndarray, *, output: int = 0) -> np.ndarray:
            rows = super().probabilities(batch, output=output)
            rows[1] = rows[1, ::-1]
            return rows

    report = judge_gender(drawn_packs, Wrong("gender", manifest), 0.8).report
    tables = report["groups"]
    worst = min(tables["race_gender"], key=lambda row: row["accuracy"])
    assert worst["group"] == "group 0, man"
    assert worst["accuracy"] == pytest.approx(1 - 1 / worst["n"])
    gap = report["figures"]["fairface_worst_gap"]
    assert gap == pytest.approx(47 / 48 - worst["accuracy"])
    for rows in tables.values():
        assert sum(row["n"] for row in rows) == 48
        assert all(row["low"] <= row["accuracy"] <= row["high"] for row in rows)
    assert {"group", "n"} < set(tables["race_gender_age"][0])


def test_the_last_line_is_one_object_and_what_was_not_measured_is_null(
    drawn_packs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_models(tmp_path)
    words = ["--data", str(drawn_packs), "--models", str(folder), "--json"]
    evaluate.main([*words, "--only", "gender"])
    out = capsys.readouterr().out
    printed = json.loads(out.splitlines()[-1])
    assert printed["fairface_val_accuracy"] == 1
    assert printed["ferplus_test_accuracy"] is None
    assert set(evaluate.KEYS) < set(printed)
    assert set(printed["n"]) == set(printed) - {"n"}
    assert "| turned left |" in out
    assert list(tmp_path.glob("*.report.json")) == []


def test_write_stores_report_plots_metrics_and_card(published: Path) -> None:
    manifest = Manifest.load(published)
    for name, network in manifest.networks.items():
        report = reports.read(name, published)
        assert report["sha256"] == network.sha256[network.file]
        assert report["int8"]["loss_points"] == 0
        assert report["cost"]["ms_per_face"] > 0
        assert report["cost"]["parameters"] > 0
        known = {key: value for key, value in report["figures"].items() if value is not None}
        assert network.metrics == known
        card = (published / f"{name}.md").read_text()
        assert card == model_card.card(name, network, report)
        for plot in PLOTS:
            file = published / "plots" / f"{name}-{plot}.png"
            assert 1000 < file.stat().st_size < 60_000
            assert f"](plots/{file.name})" in card


def test_the_cards_can_be_written_again_without_the_packs(
    published: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "models"
    shutil.copytree(published, folder)
    (folder / "gender.md").write_text("by hand")
    evaluate.main(["--tables", "markdown", "--models", str(folder)])
    assert "gender.md" in capsys.readouterr().out
    for name in ("emotion", "gender"):
        assert (folder / f"{name}.md").read_text() == (published / f"{name}.md").read_text()


def test_what_is_known_of_the_training_outlives_a_second_measurement(
    drawn_packs: Path, tmp_path: Path
) -> None:
    folder = write_models(tmp_path)
    evaluate.publish("gender", drawn_packs, folder, training={"hours": 3.5, "machine": "two cores"})
    evaluate.publish("gender", drawn_packs, folder)
    assert "It took 3.5 hours on two cores." in (folder / "gender.md").read_text()
    manifest = Manifest.load(folder)
    other = manifest.networks["gender"]
    # A field that nobody knows: other bytes, the same network.
    (folder / other.file).write_bytes((folder / other.file).read_bytes() + b"\x7a\x01x")
    digest = {other.file: sha256_of(folder / other.file)}
    networks = {**manifest.networks, "gender": replace(other, sha256=digest)}
    replace(manifest, networks=networks).save()
    evaluate.publish("gender", drawn_packs, folder)
    assert "training" not in reports.read("gender", folder)


def test_better_names_what_would_get_worse_by_more_than_half_a_point() -> None:
    old = {"fairface_val_accuracy": 0.93, "fairface_worst_gap": 0.04, "fairface_ece": 0.01}
    new = {"fairface_val_accuracy": 0.925, "fairface_worst_gap": 0.046, "fairface_ece": None}
    assert evaluate.better(new, old, "gender") == [
        "fairface_worst_gap would rise from 0.0400 to 0.0460"
    ]
    fallen = {"fer2013_private_accuracy": 0.5}
    assert evaluate.better(fallen, {"fer2013_private_accuracy": 0.7}, "emotion") == [
        "fer2013_private_accuracy would fall from 0.7000 to 0.5000"
    ]
    assert evaluate.better(new, {}, "gender") == []


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--data", "nowhere"], "missing"),
        (["--data", "nowhere", "--only", "emotion"], "missing"),
        (["--tables", "markdown", "--models", "nowhere"], "missing"),
    ],
)
def test_what_is_not_there_is_one_sentence(words: list[str], sentence: str) -> None:
    with pytest.raises(SystemExit, match=sentence) as caught:
        evaluate.main(words)
    assert "\n" not in str(caught.value)


def test_a_network_that_the_folder_lacks_is_one_sentence(drawn_packs: Path, tmp_path: Path) -> None:
    folder = write_models(tmp_path, names=["emotion"])
    words = ["--data", str(drawn_packs), "--models", str(folder), "--only", "gender"]
    with pytest.raises(SystemExit, match="knows no network 'gender'"):
        evaluate.main(words)
    assert "ferplus_ece" in evaluate.evaluate(drawn_packs, folder)


def test_data_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        evaluate.main(["--json"])
    assert "--data is needed" in capsys.readouterr().err


def test_measuring_loads_neither_tensorflow_nor_a_plotting_library() -> None:
    code = (
        "import sys, training.evaluate\n"
        "print(sorted({'tensorflow', 'keras', 'matplotlib', 'onnx'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
