from __future__ import annotations

from playground.files import FileStore, looks_like_file_id


def add(store, data, mime_type="image/jpeg"):
    return store.add(data, folder="photos", extension=".jpg", mime_type=mime_type)


def test_a_file_is_found_by_each_of_its_names():
    store = FileStore(1000)
    file = add(store, b"abc")
    assert store.by_file_id(file.file_id) is file
    assert store.by_unique_id(file.unique_id) is file
    assert store.by_path(file.path) is file
    assert file.path == "photos/file_1.jpg"


def test_unknown_names_find_nothing():
    store = FileStore(1000)
    add(store, b"abc")
    assert store.by_file_id("nonsense") is None
    assert store.by_unique_id("nonsense") is None
    assert store.by_path("photos/file_2.jpg") is None


def test_the_same_bytes_are_kept_once():
    store = FileStore(1000)
    assert add(store, b"abc") is add(store, b"abc")
    assert add(store, b"abc") is not add(store, b"abd")
    assert add(store, b"abc") is not add(store, b"abc", "image/png")


def test_two_runs_give_the_same_bytes_different_ids():
    assert add(FileStore(1000), b"abc").unique_id != add(FileStore(1000), b"abc").unique_id


def test_the_oldest_files_go_first():
    store = FileStore(10)
    first, second = add(store, b"1234"), add(store, b"5678")
    add(store, b"1234")
    third = add(store, b"9abc")
    assert store.by_unique_id(second.unique_id) is None
    assert store.by_path(second.path) is None
    assert store.by_unique_id(first.unique_id) is first
    assert store.by_unique_id(third.unique_id) is third


def test_one_file_above_the_bound_is_still_kept():
    store = FileStore(3)
    file = add(store, b"12345")
    assert store.by_unique_id(file.unique_id) is file


def test_a_dropped_file_still_looks_like_one_of_ours():
    store = FileStore(3)
    file = add(store, b"123")
    add(store, b"456")
    assert store.by_file_id(file.file_id) is None
    assert looks_like_file_id(file.file_id)
    assert not looks_like_file_id("nonsense")
