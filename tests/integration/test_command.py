"""`semblance analyze` in processes of its own, with real photos."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import socket
import subprocess
from pathlib import Path

import pytest
from PIL import Image

from tests.semblance import COMMAND, environment, results, semblance
from utils.settings import ROOT

FACE = ROOT / "playground" / "static" / "sample.jpg"


@pytest.fixture
def archive(tmp_path: Path, coffee_jpeg: bytes) -> Path:
    """A folder with all that people keep in folders."""
    folder = tmp_path / "archive"
    (folder / "deep" / "er").mkdir(parents=True)
    face = FACE.read_bytes()
    (folder / "face.jpg").write_bytes(face)
    (folder / "deep" / "er" / "named wrongly.txt").write_bytes(face)
    (folder / "cup.jpeg").write_bytes(coffee_jpeg)
    (folder / "broken.jpg").write_bytes(face[:3000])
    (folder / "notes.jpg").write_text("no picture, whatever its name")
    (folder / "empty.png").touch()
    (folder / "link.jpg").symlink_to("face.jpg")
    (folder / "nowhere.jpg").symlink_to("gone.jpg")
    (folder / "itself.jpg").symlink_to("itself.jpg")
    (folder / "deep" / "round").symlink_to("..")
    os.mkfifo(folder / "pipe.jpg")
    return folder


def test_a_folder_is_worked_through_whatever_is_in_it(archive: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    done = semblance("analyze", archive, "--json", out)
    assert done.returncode == 1, done.stderr
    assert b"4 analysed, 1 failed, 6 no pictures" in done.stderr
    found = results(out.read_bytes())
    names = {os.path.relpath(name, archive) for name in found}
    assert names == {
        *("face.jpg", "link.jpg", "cup.jpeg", "broken.jpg"),
        "deep/er/named wrongly.txt",
    }


def test_a_line_is_what_the_api_answers(tmp_path: Path) -> None:
    (line,) = results(semblance("analyze", FACE).stdout).values()
    assert list(line) == ["photo", "model", "size_wh", "ms", "faces"]
    assert line["photo"] == str(FACE)
    assert line["size_wh"] == [512, 512]
    (face,) = line["faces"]
    assert face["emotion"]["label"] == "happiness"
    assert face["gender"]["label"] == "woman"


def test_what_was_named_and_cannot_be_read_is_a_line(archive: Path) -> None:
    names = ("gone.jpg", "notes.jpg", "pipe.jpg", "broken.jpg", "empty.png")
    done = semblance("analyze", *(archive / name for name in names), archive / "face.jpg")
    assert done.returncode == 1
    found = {Path(name).name: line for name, line in results(done.stdout).items()}
    codes = {name: line["error"]["code"] for name, line in found.items() if "error" in line}
    assert codes == {
        "gone.jpg": "unreadable",
        "notes.jpg": "not_an_image",
        "pipe.jpg": "unreadable",
        "broken.jpg": "image_broken",
        "empty.png": "not_an_image",
    }
    assert found["gone.jpg"]["error"]["message"].endswith("No such file or directory.")
    assert found["face.jpg"]["faces"]


def test_a_file_beyond_the_limit_is_told_and_not_read(tmp_path: Path) -> None:
    huge, film = tmp_path / "huge.jpg", tmp_path / "film.mp4"
    for path, head in ((huge, FACE.read_bytes()[:100]), (film, b"\0\0\0\x18ftypmp42" * 8)):
        path.write_bytes(head)
        os.truncate(path, 1 << 40)  # sparse
    done = semblance("analyze", tmp_path)
    (line,) = results(done.stdout).values()
    assert line["error"]["code"] == "image_too_large"
    assert b"1 no pictures" in done.stderr


def test_names_of_all_kinds_come_back_as_they_are(tmp_path: Path) -> None:
    names = [b"new\nline.jpg", b"\xff\xfe.jpg", "ünï.jpg".encode(), b"-dash.jpg", b'q"uo,te.jpg']
    for name in names:
        (tmp_path / os.fsdecode(name)).write_bytes(FACE.read_bytes())
    listed = b"\0".join([*names, b"-"]) + b"\0"
    done = semblance("analyze", "--from", "-", "--null", cwd=tmp_path, stdin=listed)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    told = {line["photo"] for line in lines if "faces" in line}
    assert told == {"new\nline.jpg", "\ufffd\ufffd.jpg", "ünï.jpg", "-dash.jpg", 'q"uo,te.jpg'}
    (odd,) = [line for line in lines if "photo_base64" in line]
    assert odd["photo_base64"] == "//4uanBn"
    # In a list `-` is a file of that name, here one that is not there.
    assert [line["photo"] for line in lines if "error" in line] == ["./-"]


@pytest.mark.parametrize("form", ["--json", "--csv"])
def test_odd_names_are_found_again_in_a_record(tmp_path: Path, form: str) -> None:
    folder, out = tmp_path / "photos", tmp_path / "out"
    folder.mkdir()
    for name in (b"new\nline.jpg", b"\xff\xfe.jpg", b'q"uo,te.jpg', b"r\rn.jpg"):
        (folder / os.fsdecode(name)).write_bytes(FACE.read_bytes())
    semblance("analyze", folder, form, out)
    written = out.read_bytes()
    again = semblance("analyze", folder, form, out)
    assert b"4 done before" in again.stderr
    assert out.read_bytes() == written


def test_the_same_command_again_does_only_what_is_new(archive: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    semblance("analyze", archive, "--json", out)
    before = out.read_bytes()
    (archive / "new.jpg").write_bytes(FACE.read_bytes())
    done = semblance("analyze", f"{archive}/./", "--json", out)
    assert b"1 analysed, 0 failed, 6 no pictures, 5 done before" in done.stderr
    assert done.returncode == 0
    assert out.read_bytes().startswith(before)
    assert len(results(out.read_bytes())) == 6


def test_a_second_output_gets_what_the_first_has_already(archive: Path, tmp_path: Path) -> None:
    lines, sheet = tmp_path / "out.jsonl", tmp_path / "out.csv"
    semblance("analyze", archive, "--json", lines)
    before = lines.read_bytes()
    semblance("analyze", archive, "--json", lines, "--csv", sheet)
    assert lines.read_bytes() == before
    rows = list(csv.DictReader(io.StringIO(sheet.read_text())))
    assert {row["photo"] for row in rows} == set(results(before))


def test_a_file_of_somebody_else_is_left_as_it_is(tmp_path: Path) -> None:
    for text in ("my diary\n", "my diary", '{"a": 1}\n', "photo,width\n"):
        for form in ("--json", "--csv"):
            out = tmp_path / "out"
            out.write_text(text)
            done = semblance("analyze", FACE, form, out)
            assert done.returncode == 74, (text, form)
            assert out.read_text() == text


def test_stdin_and_stdout_take_a_picture() -> None:
    data = FACE.read_bytes()
    (line,) = results(semblance("analyze", "-", "--json", "-", stdin=data).stdout).values()
    assert line["photo"] == "-"
    marked = semblance("analyze", "-", "--annotate", "-", "--blur", "--emoji", stdin=data)
    with Image.open(io.BytesIO(marked.stdout)) as picture:
        assert (picture.format, picture.size) == ("JPEG", (512, 512))


def test_annotated_pictures_keep_their_place_and_are_never_input(archive: Path) -> None:
    marked = archive / "marked"
    for _ in range(2):
        semblance("analyze", archive, "--annotate", marked)
    names = {str(path.relative_to(marked)) for path in marked.rglob("*") if path.is_file()}
    assert names == {"face.jpg", "link.jpg", "cup.jpeg", "deep/er/named wrongly.txt.jpg"}
    for path in marked.rglob("*.jp*g"):
        with Image.open(path) as picture:
            picture.load()


def test_options_reach_the_pipeline(tmp_path: Path) -> None:
    def face(*options: str) -> list[dict]:
        (line,) = results(semblance("analyze", FACE, *options).stdout).values()
        return line["faces"]

    assert "gender" not in face("--gender", "off")[0]
    assert face("--min-face-px", "400") == []
    small = tmp_path / "small.png"
    Image.new("RGB", (60, 60), "gray").save(small)
    (line,) = results(semblance("analyze", small, "--whole-up-to-px", "64").stdout).values()
    assert line["faces"][0]["box_xyxy"] == [0, 0, 60, 60]


def test_shards_share_an_archive_without_a_word(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(12):
        (folder / f"{number}.jpg").write_bytes(FACE.read_bytes())
    elsewhere = tmp_path / "mounted elsewhere"
    elsewhere.symlink_to(folder)
    parts = [
        results(semblance("analyze", place, "--shard", f"{index}/3").stdout)
        for index, place in enumerate((folder, elsewhere, folder))
    ]
    assert all(parts)
    names = [Path(name).name for part in parts for name in part]
    assert sorted(names) == sorted(path.name for path in folder.iterdir())


def test_a_reader_that_has_seen_enough_is_no_error(archive: Path) -> None:
    pipeline = f"{' '.join(COMMAND)} analyze '{archive}' '{FACE}' --quiet | head -c 1"
    done = subprocess.run(
        ["bash", "-c", f'{pipeline}; echo "${{PIPESTATUS[0]}}"'],
        capture_output=True,
        cwd=ROOT,
        env=environment(),
        check=False,
        timeout=60,
    )
    assert done.stdout.splitlines()[-1].removeprefix(b"{") in (b"1", b"141")
    assert done.stderr == b""


def test_a_person_at_a_terminal_sees_a_table(archive: Path) -> None:
    ours, theirs = pty.openpty()
    run = subprocess.Popen(
        [*COMMAND, "analyze", archive],
        cwd=ROOT,
        env=environment(),
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    seen = b""
    while True:
        try:
            seen += os.read(ours, 4096)
        except OSError:  # Linux's way of saying that the other end is closed
            break
    os.close(ours)
    assert run.wait(30) == 1
    text = seen.decode()
    assert "photo" in text.splitlines()[0]
    assert "happiness 99 %" in text
    assert "This picture seems to be damaged." in text
    assert "no face" in text
    assert "4 analysed, 1 failed, 6 no pictures" in text


def test_a_url_that_nobody_answers_is_a_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/a.jpg"
        done = semblance("analyze", url, FACE)
    found = results(done.stdout)
    assert found[url]["error"]["code"] == "url_unreachable"
    assert found[str(FACE)]["faces"]
    assert done.returncode == 1
