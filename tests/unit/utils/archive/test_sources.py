from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

import pytest

from utils.archive import sources
from utils.archive.sources import Sources
from utils.errors import Unreadable


def names(*given: str, **more: object) -> list[str]:
    return [photo.name for photo in Sources(given, **more).photos() if photo]  # type: ignore[arg-type]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("b.jpg", "a/2.jpg", "a/1.jpg", "a/x/y/z.jpg", "c/out/own.jpg", "é.jpg"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


def test_a_folder_comes_in_a_stable_order_with_all_below_it(tree: Path) -> None:
    found = [name.removeprefix(f"{tree}/") for name in names(str(tree))]
    assert found == ["a/1.jpg", "a/2.jpg", "a/x/y/z.jpg", "b.jpg", "c/out/own.jpg", "é.jpg"]


def test_one_file_has_one_name_however_it_is_written(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tree)
    assert names("b.jpg", "./b.jpg", ".//b.jpg") == ["b.jpg"] * 3
    assert names("a/x", "./a//x/", "a/./x") == ["a/x/y/z.jpg"] * 3
    assert names(".")[0] == "a/1.jpg"
    assert names("a/../b.jpg") == ["a/../b.jpg"]


def test_a_key_is_the_path_below_the_folder(tree: Path) -> None:
    (photo,) = Sources((str(tree / "a" / "x"),)).photos()
    assert photo
    assert (photo.key, photo.place, photo.listed) == ("y/z.jpg", "y/z.jpg", True)
    both = list(Sources((str(tree / "a" / "x"), str(tree / "b.jpg"))).photos())
    assert [each.place for each in both if each] == [f"{tree}/a/x/y/z.jpg", f"{tree}/b.jpg"]


def test_the_folder_of_results_is_left_out(tree: Path) -> None:
    assert len(names(str(tree))) == 6
    assert len(names(str(tree), avoid=tree / "c" / "out")) == 5
    assert len(names(str(tree), avoid=tree / "not there")) == 6


def test_links_to_folders_are_not_followed(tree: Path) -> None:
    (tree / "a" / "up").symlink_to("..")
    assert len(names(str(tree))) == 7  # the link itself, which is no picture
    (tree / "door").symlink_to("a")
    assert len(names(str(tree / "door"))) == 4  # but for one that is named


def test_more_than_a_block_comes_in_sorted_runs(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "_BLOCK", 2)
    assert sorted(names(str(tree))) == sorted(set(names(str(tree))))
    assert len(names(str(tree))) == 6


def test_a_very_deep_tree_is_walked_to_its_end() -> None:
    # Not in tmp_path: pytest could not remove it again.
    top = tempfile.mkdtemp()
    here = os.open(top, os.O_RDONLY)
    depth = 1500  # a path of 3,000 characters; Python's own stack ends at 1,000
    try:
        for _ in range(depth):
            os.mkdir("d", dir_fd=here)
            below = os.open("d", os.O_RDONLY, dir_fd=here)
            os.close(here)
            here = below
        os.close(os.open("x.jpg", os.O_CREAT, dir_fd=here))
        (found,) = names(top)
        assert found == f"{top}{'/d' * depth}/x.jpg"
    finally:
        os.close(here)
        subprocess.run(["rm", "-r", top], check=True)


def test_a_folder_that_cannot_be_listed_is_a_photo_that_will_fail(tree: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may list every folder: run the tests as another user")
    (tree / "a").chmod(0)
    try:
        assert f"{tree}/a" in names(str(tree))
    finally:
        (tree / "a").chmod(0o700)


def test_a_list_ends_its_names_as_it_likes(tmp_path: Path) -> None:
    listed = tmp_path / "list"
    listed.write_bytes(b"one.jpg\r\n\nhttps://example.com/two.jpg\nthree.jpg")
    found = names(listed_in=str(listed))
    assert found == ["one.jpg", "https://example.com/two.jpg", "three.jpg"]
    listed.write_bytes(b"new\nline.jpg\0-\0")
    assert names(listed_in=str(listed), null=True) == ["new\nline.jpg", "./-"]


def test_a_list_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="No such file"):
        names(listed_in=str(tmp_path / "gone"))
    (tmp_path / "binary").write_bytes(b"\xff" * 200_000)
    with pytest.raises(Unreadable, match="is this a list"):
        names(listed_in=str(tmp_path / "binary"))


def test_names_come_from_a_pipe_as_they_are_written() -> None:
    reading, writing = os.pipe()
    found = sources._names_in(reading, b"\n")
    assert next(found) is None
    os.write(writing, b"one.jpg\ntw")
    assert next(found) == "one.jpg"
    assert next(found) is None
    os.write(writing, b"o.jpg\n")
    assert next(found) == "two.jpg"
    os.close(writing)
    assert [name for name in found if name] == []
    os.close(reading)
