from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from training.datasets import (
    FER2013_LABELS,
    FER_PRIVATE,
    FER_PUBLIC,
    FER_SPLITS,
    FER_TRAIN,
    emotion_split,
)
from training.fer_csv import read_csv
from training.folders import load_emotions
from training.packs import DatasetError
from utils.labels import EMOTIONS
from utils.preprocessor import CropSpec

GRAY = CropSpec(size_px=48, color="gray", margin=0.0)
KAGGLE = "emotion, Usage, pixels"


def pixels(seed: int) -> str:
    return " ".join(map(str, np.random.default_rng(seed).integers(0, 256, 48 * 48)))


def written(path: Path, *lines: str, header: str = KAGGLE) -> Path:
    path.write_text("\n".join([header, *lines]) + "\n")
    return path


def lines_of(split: str, seeds: range) -> list[str]:
    return [f"{seed % 7},{split},{pixels(seed)}" for seed in seeds]


def test_kaggles_file_is_read_with_the_blanks_in_its_header(tmp_path: Path) -> None:
    lines = [
        line
        for i, split in enumerate(FER_SPLITS)
        for line in lines_of(split, range(i * 7, i * 7 + 7))
    ]
    fer = read_csv(written(tmp_path / "icml_face_data.csv", *lines))
    assert fer.usage.tolist() == [FER_TRAIN] * 7 + [FER_PUBLIC] * 7 + [FER_PRIVATE] * 7
    assert fer.label.tolist() == list(range(7)) * 3
    assert " ".join(map(str, fer.images[8].ravel())) == pixels(8)
    faces = emotion_split(fer, FER_TRAIN)
    assert (faces.targets["fer2013"] == np.eye(7)).all()
    named = [EMOTIONS[i] for i in faces.targets["emotion"].argmax(1)]
    assert named == list(FER2013_LABELS)
    assert (faces.targets["emotion"].max(1) == 1).all()


def test_the_older_files_order_and_names_do_as_well(tmp_path: Path) -> None:
    path = written(
        tmp_path / "fer2013.csv", f"3,{pixels(0)},Training", header="emotion,pixels,Usage"
    )
    assert read_csv(path).label.tolist() == [3]
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert read_csv(path).usage.tolist() == [FER_TRAIN]


def test_without_a_split_a_tenth_is_held_out_by_its_pixels(tmp_path: Path) -> None:
    lines = [f"{seed % 7},{pixels(seed)}" for seed in range(60)]
    fer = read_csv(written(tmp_path / "x.csv", *lines, *lines, header="emotion,pixels"))
    held = fer.usage == FER_PUBLIC
    assert 0 < held[:60].sum() < 20
    assert (held[:60] == held[60:]).all()


def test_copies_of_test_pictures_leave_the_training_split(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = lines_of("Training", range(8)) + lines_of("PrivateTest", range(2))
    lines += lines_of("PublicTest", range(3, 4))
    fer = read_csv(written(tmp_path / "x.csv", *lines))
    assert np.flatnonzero(fer.has_test_twin).tolist() == [0, 1, 3]
    assert np.flatnonzero(fer.has_training_twin).tolist() == [8, 9, 10]
    assert len(emotion_split(fer, FER_TRAIN)) == 5
    assert "3 copies of test pictures" in capsys.readouterr().out


def test_private_pictures_are_neither_trained_on_nor_decided_on(tmp_path: Path) -> None:
    lines = [
        line
        for i, split in enumerate(FER_SPLITS)
        for line in lines_of(split, range(i * 7, i * 7 + 7))
    ]
    parts = load_emotions(written(tmp_path / "x.csv", *lines), GRAY) or ()
    assert [len(part) for part in parts] == [7, 7]
    private = {" ".join(map(str, image.ravel())) for part in parts for image in part.images}
    assert not private & {pixels(seed) for seed in range(14, 21)}


def test_bad_lines_are_skipped_and_blank_pictures_are_no_faces(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    blank = " ".join(["0"] * 48 * 48)
    good = lines_of("Training", range(3))
    bad = ["1,Training,1 2 3", f"x,Training,{pixels(0)}", f"1,Elsewhere,{pixels(1)}", "1"]
    bad += [f"1,Training,{pixels(2)} 256"]
    fer = read_csv(written(tmp_path / "x.csv", *good, *bad, f"6,Training,{blank}"))
    assert len(fer.images) == 4
    assert fer.valid.tolist() == [True, True, True, False]
    assert "5 unreadable lines skipped" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "has no column emotion"),
        ("emotion,Usage\n1,Training\n", "has no column pixels"),
        (f"{KAGGLE}\n", "holds no picture"),
        (f"{KAGGLE}\n7,Training,{pixels(0)}\n", "emotion 7; FER2013's labels are 0 to 6"),
        (f"{KAGGLE}\n1,Training,{'1' * 200_000}\n", "cannot be read as a CSV file"),
    ],
)
def test_a_file_of_another_kind_is_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "x.csv").write_text(text)
    with pytest.raises(DatasetError, match=sentence):
        read_csv(tmp_path / "x.csv")


def test_a_binary_file_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(bytes(range(256)))
    with pytest.raises(DatasetError, match="cannot be read as a CSV file"):
        read_csv(tmp_path / "x.csv")
