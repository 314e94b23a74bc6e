from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.unit.training.drawn_models import write_models
from training import model_card, reports
from utils.errors import ModelError
from utils.manifest import Manifest

USES = ["work", "hiring", "school", "policing", "borders", "insurance", "children"]


@pytest.mark.parametrize("name", ["emotion", "gender"])
def test_a_card_says_what_the_network_must_not_be_used_for(name: str, tmp_path: Path) -> None:
    network = Manifest.load(write_models(tmp_path)).networks[name]
    card = model_card.card(name, network, {})
    uses = card.split("## What it must not be used for")[1].split("\n## ")[0]
    for use in [*USES, "identification"]:
        assert f"**{use}**" in uses, use
    assert f"*apparent {'expression' if name == 'emotion' else 'gender'}*" in card
    assert not re.search(r"\bfeel", card)


def test_without_a_report_the_card_has_the_manifests_figures_alone(tmp_path: Path) -> None:
    manifest = Manifest.load(write_models(tmp_path))
    entry = manifest.networks["gender"]
    network = type(entry)(
        **{**vars(entry), "metrics": {"fairface_val_accuracy": 0.5, "mine": 0.25}}
    )
    card = model_card.card("gender", network, {})
    assert "| `fairface_val_accuracy` | 0.5000 |" in card
    assert "| `mine` | 0.2500 |" in card
    assert "| `epochs` | `3` |" in card
    assert "Robustness" not in card
    assert "![" not in card


def test_a_report_survives_its_file_and_a_damaged_one_is_one_sentence(tmp_path: Path) -> None:
    report = {"a": {"b": [{"c": 1.0, "d": [1, 2]}], "e": []}, "f": None, "g": "h", "i": [[1, 2]]}
    reports.write("x", report, tmp_path)
    assert reports.read("x", tmp_path) == report
    assert reports.read("y", tmp_path) == {}
    (tmp_path / "x.report.json").write_text("{")
    with pytest.raises(ModelError, match=r"x\.report\.json is damaged"):
        reports.read("x", tmp_path)


def test_numbers_are_stored_with_four_digits() -> None:
    assert reports.rounded({"a": [0.123456, (1, 2.00001)], "b": None}) == {
        "a": [0.1235, [1, 2.0]],
        "b": None,
    }
