"""The command called as a function: its workers are processes all the same."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.semblance import results
from utils.archive import workers
from utils.archive.analyst import Analyst, look
from utils.archive.command import main
from utils.archive.order import Order
from utils.archive.photos import Outcome, Photo
from utils.errors import ModelError, OutputError
from utils.settings import ROOT, Settings

FACE = ROOT / "playground" / "static" / "sample.jpg"


@pytest.fixture(autouse=True)
def as_it_was(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in [name for name in os.environ if name.startswith(("SEMBLANCE_", "TELEGRAM_"))]:
        monkeypatch.delenv(name)
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture(scope="module")
def order() -> Order:
    return Order.of(Settings.load({}, dotenv=None), {})


def test_all_its_parts_together(tmp_path: Path) -> None:
    photos, out = tmp_path / "photos", tmp_path / "out.jsonl"
    photos.mkdir()
    for number in range(3):
        shutil.copy(FACE, photos / f"{number}.jpg")
    (photos / "broken.jpg").write_bytes(FACE.read_bytes()[:3000])
    (photos / "notes.txt").write_text("no picture")
    marked, sheet = tmp_path / "marked", tmp_path / "out.csv"
    words = [str(photos), "--json", str(out), "--csv", str(sheet), "--annotate", str(marked)]
    assert main(["analyze", *words, "--gender", "off", "--workers", "2"]) == 1
    found = results(out.read_bytes())
    assert len(found) == 4
    assert all("gender" not in face for line in found.values() for face in line.get("faces", ()))
    assert len(list(marked.iterdir())) == 3
    assert main(["analyze", *words]) == 0
    assert results(out.read_bytes()) == found


def test_wrong_settings_and_outputs_are_statuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["analyze"]) == 2
    assert main(["analyze", "--from", str(tmp_path / "none")]) == 2
    assert main(["analyze", str(FACE), "--json", str(tmp_path)]) == 74
    monkeypatch.setenv("SEMBLANCE_EMOTION_MODEL", str(tmp_path))
    assert main(["analyze", str(FACE), "--json", str(tmp_path / "x")]) == 78
    monkeypatch.setenv("SEMBLANCE_MAX_FACES", "many")
    assert main(["analyze", str(FACE)]) == 78


def test_completion_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "bash"]) == 0
    assert "complete -o default -F _semblance semblance" in capsys.readouterr().out


def test_a_photo_that_ends_every_process_is_an_error_at_last(
    order: Order, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a library does it that writes where it must not."""
    (tmp_path / "sitecustomize.py").write_text(
        "import utils.archive.photos as p\n"
        "import os\n"
        "p.Photo.is_url = property(lambda self: 'deadly' in self.name and os._exit(11) or False)\n"
    )
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{ROOT}")
    names = [str(FACE), "deadly.jpg", *[str(FACE)] * 4]
    photos = [Photo(name, f"{number}", f"{number}") for number, name in enumerate(names)]
    done: list[Outcome] = list(workers.outcomes(iter(photos), order, 2))
    assert sorted(each.name for each in done) == sorted(names)
    (failed,) = [each for each in done if each.failed]
    assert failed.name == "deadly.jpg"
    assert failed.result == {
        "photo": "deadly.jpg",
        "error": {
            "code": "internal_error",
            "message": "This photo could not be analysed.",
        },
    }


def test_processes_that_cannot_start_end_it(
    order: Order, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import os, sys\n"
        "class Finder:\n"
        "    def find_spec(self, name, *_): name == 'cv2' and os._exit(9)\n"
        "sys.meta_path.insert(0, Finder())\n"
    )
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{ROOT}")
    photo = Photo(str(FACE), "a", "a")
    with pytest.raises(ModelError, match="enough memory"):
        list(workers.outcomes(iter([photo]), order, 2))


def test_an_analyst_is_loaded_once_in_a_process(order: Order) -> None:
    first = look(Photo(str(FACE), "a", "a"), order)
    assert first.result
    assert first.result["faces"]
    assert look(Photo("", "a", "a"), order).failed


def test_what_cannot_have_a_photos_name_is_that_photos_fault(tmp_path: Path) -> None:
    order = Order.of(Settings.load({}, dotenv=None), {"blur": True}, str(tmp_path / "marked"))
    analyst = Analyst(order)
    (tmp_path / "marked" / "taken.jpg" / "x").mkdir(parents=True)
    for place in ("taken.jpg", "x" * 300):
        outcome = analyst.look(Photo(str(FACE), "a", place))
        assert outcome.failed, place
    assert list((tmp_path / "marked").rglob("*.part")) == []
    (tmp_path / "marked" / "file").touch()
    assert analyst.look(Photo(str(FACE), "a", "file/a.jpg")).failed
    with pytest.raises(OutputError, match="cannot be written"):
        Analyst(Order.of(Settings.load({}, dotenv=None), {}, "/proc/nowhere")).look(
            Photo(str(FACE), "a", "a.jpg")
        )
