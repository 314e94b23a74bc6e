from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from training.datasets import FER2013_LABELS
from training.folders import load_emotions, load_genders
from training.packs import DatasetError
from utils.labels import EMOTIONS, GENDERS
from utils.preprocessor import CropSpec, resize_square

GRAY = CropSpec(size_px=24, color="gray", margin=0.0)
COLOUR = CropSpec(size_px=32, color="rgb", margin=0.0)


def picture(seed: int, size_wh: tuple[int, int] = (40, 40), mode: str = "RGB") -> bytes:
    noise = np.random.default_rng(seed).integers(0, 256, (*size_wh[::-1], 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).convert(mode).save(buffer, "PNG")
    return buffer.getvalue()


def folder_of(root: Path, **classes: int) -> Path:
    """A folder with that many pictures a class; sizes and modes differ."""
    for number, (name, count) in enumerate(classes.items()):
        (root / name).mkdir(parents=True)
        for i in range(count):
            size = (40 + 3 * (i % 3), 40 + 5 * (i % 2))
            data = picture(1000 * number + i, size, "L" if i % 4 == 0 else "RGB")
            (root / name / f"{i}.png").write_bytes(data)
    return root


def test_folders_may_have_our_names_or_fer2013s(tmp_path: Path) -> None:
    data = folder_of(tmp_path, happy=30, Anger=20, contempt=15)
    training, validation = load_emotions(data, GRAY) or ()
    assert training.images.shape[1:] == validation.images.shape[1:] == (24, 24)
    assert training.images.dtype == np.uint8
    assert len(training) + len(validation) == 65
    assert 0 < len(validation) < len(training) / 2
    sums = training.targets["emotion"].sum(0) + validation.targets["emotion"].sum(0)
    expected = {"happiness": 30, "anger": 20, "contempt": 15}
    assert dict(zip(EMOTIONS, sums.astype(int), strict=True)) == {
        label: expected.get(label, 0) for label in EMOTIONS
    }


def test_both_heads_have_a_target_for_every_picture(tmp_path: Path) -> None:
    training, _ = load_emotions(folder_of(tmp_path, sad=30, contempt=30), GRAY) or ()
    seven = training.targets["fer2013"]
    sad = training.group == EMOTIONS.index("sadness")
    assert (seven[sad].argmax(1) == FER2013_LABELS.index("sadness")).all()
    assert seven[sad].max(1) == pytest.approx(1)
    assert seven[~sad] == pytest.approx(1 / 7)


def test_genders_come_in_colour_and_without_other_heads(tmp_path: Path) -> None:
    training, validation = load_genders(folder_of(tmp_path, woman=40, male=20), COLOUR) or ()
    assert training.images.shape[1:] == (32, 32, 3)
    assert set(training.targets) == {"gender"}
    sums = training.targets["gender"].sum(0) + validation.targets["gender"].sum(0)
    assert dict(zip(GENDERS, sums, strict=True)) == {"woman": 40, "man": 20}


def test_a_picture_is_squared_as_serving_would(tmp_path: Path) -> None:
    folder_of(tmp_path, happy=30)
    wide = np.asarray(Image.open(io.BytesIO(picture(7, (60, 40)))))
    (tmp_path / "sad").mkdir()
    (tmp_path / "sad" / "wide.png").write_bytes(picture(7, (60, 40)))
    parts = load_emotions(tmp_path, GRAY) or ()
    sad = [part.images[part.group == EMOTIONS.index("sadness")] for part in parts]
    assert (np.concatenate(sad)[0] == resize_square(wide[:, 10:50], GRAY)).all()


def test_copies_stay_on_one_side_and_old_pictures_on_theirs(tmp_path: Path) -> None:
    data = folder_of(tmp_path, happy=40, sad=10)
    before = [{i.tobytes() for i in part.images} for part in load_emotions(data, GRAY) or ()]
    for i in range(40):
        (data / "happy" / f"copy {i}.png").write_bytes((data / "happy" / f"{i}.png").read_bytes())
        (data / "sad" / f"new {i}.png").write_bytes(picture(5000 + i))
    after = [{i.tobytes() for i in part.images} for part in load_emotions(data, GRAY) or ()]
    assert not after[0] & after[1]
    assert before[0] <= after[0]
    assert before[1] <= after[1]


def test_unreadable_files_are_skipped_and_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = folder_of(tmp_path, happy=30, sad=30)
    (data / "happy" / "notes.txt").write_text("no picture")
    (data / "happy" / "cut.png").write_bytes(picture(1)[:200])
    load_emotions(data, GRAY)
    said = capsys.readouterr().out
    assert "60 pictures (happiness 30, sadness 30), 2 unreadable files skipped" in said


@pytest.mark.parametrize("load", [load_emotions, load_genders])
def test_an_unknown_folder_is_named_with_the_known_ones(tmp_path: Path, load) -> None:
    folder_of(tmp_path, grumpy=2)
    with pytest.raises(DatasetError, match=r"grumpy is no class .* may be called (neutral|woman)"):
        load(tmp_path, GRAY)


def test_too_few_pictures_are_one_sentence(tmp_path: Path) -> None:
    folder_of(tmp_path, happy=1)
    with pytest.raises(DatasetError, match="too few pictures"):
        load_emotions(tmp_path, GRAY)


def test_a_folder_of_packs_is_left_to_the_packs_loader(drawn_packs: Path, tmp_path: Path) -> None:
    assert load_emotions(drawn_packs, GRAY) is None
    assert load_genders(drawn_packs, COLOUR) is None
    assert load_emotions(tmp_path / "missing", GRAY) is None


def test_a_file_has_no_genders(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("emotion,pixels\n")
    with pytest.raises(DatasetError, match="a folder per class"):
        load_genders(tmp_path / "x.csv", COLOUR)
