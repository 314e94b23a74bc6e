from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.utils.archive.test_record import result
from utils.archive.lines import named
from utils.archive.marked import path_of
from utils.archive.table import Table
from utils.errors import Unreadable


@pytest.fixture(autouse=True)
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


def test_a_face_is_a_row_below_the_head() -> None:
    table = Table()
    head, rows = table.head.decode(), table.encoded(result("a.jpg")).decode().splitlines()
    assert len(rows) == 2
    assert rows[0].startswith("a.jpg ")
    assert rows[1].startswith("      ")
    for row in rows:
        assert row.index("happiness? 70 %") == head.index("expression")
        assert row.index("woman 90 %") == head.index("gender")
        assert row.index("1, 2 to 30, 40") == head.index("box")
        assert len(row) < 80


def test_no_face_and_an_error_say_so() -> None:
    assert b"no face\n" in Table().encoded(result("a.jpg", faces=0))
    error = {"code": Unreadable.code, "message": Unreadable.sentence}
    assert b"cannot be read" in Table().encoded(named("a.jpg") | {"error": error})


def test_a_name_cannot_write_to_the_terminal() -> None:
    row = Table().encoded(result("\x1b[2Ja\nb\u202e.jpg")).decode()
    assert row.startswith("?[2Ja?b?.jpg")
    long = Table().encoded(result("very/long/" * 9 + "end.jpg")).decode()
    assert long.startswith("…")
    assert "end.jpg  happiness" in long


@pytest.mark.parametrize(
    ("place", "path", "form"),
    [
        ("a.jpg", "a.jpg", "jpeg"),
        ("A.JPEG", "A.JPEG", "jpeg"),
        ("a.png", "a.png", "png"),
        ("a.webp", "a.webp.jpg", "jpeg"),
        ("a", "a.jpg", "jpeg"),
        (".jpg", ".jpg.jpg", "jpeg"),
        ("/abs/a.jpg", "abs/a.jpg", "jpeg"),
        ("../../a.jpg", "__/__/a.jpg", "jpeg"),
    ],
)
def test_an_annotated_picture_stays_in_its_folder(place: str, path: str, form: str) -> None:
    assert path_of(place, Path("marked")) == (Path("marked") / path, form)


@pytest.mark.parametrize(
    "url",
    ["http://example.com/a.jpg?b", "http://[::1]/a", "http://[x/", "https://../../a", "http://"],
)
def test_a_url_becomes_a_host_and_a_digest(url: str) -> None:
    path, form = path_of(url, Path("marked"))
    assert form == "jpeg"
    assert len(path.parts) == 3
    assert ".." not in path.parts
    assert path != path_of(f"{url}x", Path("marked"))[0]
