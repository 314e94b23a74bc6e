from __future__ import annotations

from pathlib import Path

import pytest

from utils.archive.lines import Lines, name_of, named
from utils.archive.record import Form, Record
from utils.archive.sheet import COLUMNS, Sheet
from utils.errors import OutputError
from utils.faces import Analysis, Face, Opinion
from utils.labels import EMOTIONS, GENDERS

NAMES = ["a.jpg", "b,b.jpg", 'c"c.jpg', "d\nd.jpg", "e\re.jpg", "\udcff.jpg", "ü.jpg"]
FORMS = pytest.mark.parametrize("form", [Lines(), Sheet()], ids=["json", "csv"])


def result(name: str, faces: int = 2) -> dict:
    emotion = Opinion(EMOTIONS, (0.3, 0.7, *[0.0] * 6), sure=False)
    gender = Opinion(GENDERS, (0.9, 0.1), sure=True)
    face = Face((1, 2, 30, 40), 0.9, emotion, gender)
    return named(name) | Analysis((640, 480), (face,) * faces, "x", "1").as_json()


def results() -> list[dict]:
    failed = named("f.jpg") | {"error": {"code": "image_broken", "message": "Damaged, alas."}}
    return [*(result(name, faces=number % 3) for number, name in enumerate(NAMES)), failed]


def write(path: Path, form: Form, every: list[dict]) -> int:
    """Write what the file lacks; how many it held before."""
    record = Record(str(path), form)
    for each in every:
        if record.lacks(name_of(each)):
            record.write(each)
    record.close()
    return record.done


@FORMS
def test_torn_at_any_byte_it_comes_out_the_same(tmp_path: Path, form: Form) -> None:
    path, every = tmp_path / "out", results()
    write(path, form, every)
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        held = write(path, form, every)
        assert path.read_bytes() == whole, length
        assert held <= len(every)
    assert write(path, form, every) == len(every)
    assert path.read_bytes() == whole


@FORMS
@pytest.mark.parametrize(
    "text", [b"my diary", b"my diary\n", b'{"a": 1}\n', b"\0" * 100, b"photo\n1\n", b"[]\n"]
)
def test_what_somebody_else_wrote_is_left_alone(tmp_path: Path, form: Form, text: bytes) -> None:
    path = tmp_path / "out"
    path.write_bytes(text)
    with pytest.raises(OutputError, match=r"out: .* Name another file"):
        Record(str(path), form)
    assert path.read_bytes() == text


@FORMS
def test_damage_in_the_middle_is_never_cut_off(tmp_path: Path, form: Form) -> None:
    path = tmp_path / "out"
    write(path, form, results())
    lines = path.read_bytes().splitlines(keepends=True)
    damaged = lines[0] + lines[1] + b'"\0' + b"".join(lines[2:]) * 3
    path.write_bytes(damaged)
    with pytest.raises(OutputError):
        Record(str(path), form)
    assert path.read_bytes() == damaged


def test_a_line_spaced_by_another_program_counts(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_bytes(b'{"faces":[],"photo":"a.jpg"}\n')
    assert Record(str(path), Lines()).done == 1


def test_a_picture_from_stdin_is_always_another_one(tmp_path: Path) -> None:
    record = Record(str(tmp_path / "out"), Lines())
    assert record.lacks("-")
    assert record.lacks("-")
    assert record.lacks("a.jpg")
    assert not record.lacks("a.jpg")
    record.close()


def test_a_row_holds_what_a_line_tells() -> None:
    rows = Sheet().encoded(result("a.jpg", faces=2)).decode().splitlines()
    first = dict(zip(COLUMNS, rows[0].split(","), strict=True))
    assert (first["faces"], first["face"], rows[1].split(",")[4]) == ("2", "1", "2")
    assert (first["emotion"], first["emotion_probability"]) == ("happiness", "0.7")
    assert (first["emotion_sure"], first["gender"], first["gender_sure"]) == (
        "false",
        "woman",
        "true",
    )
    assert [first[key] for key in ("x0", "y0", "x1", "y1")] == ["1", "2", "30", "40"]
    assert first["neutral"] == "0.3"


@pytest.mark.parametrize("name", NAMES)
def test_a_name_survives(name: str) -> None:
    told = named(name)
    assert name_of(told) == name
    told["photo"].encode("utf-8")  # every reader of JSON takes it
