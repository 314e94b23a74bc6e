from __future__ import annotations

from utils.archive.names import Names


def test_a_name_is_new_once() -> None:
    names = Names()
    every = [f"folder/{number}.jpg" for number in range(5000)]  # beyond the first table
    assert all(names.add(name) for name in every)
    assert not any(names.add(name) for name in every)
    assert len(names) == 5000


def test_names_that_are_no_utf_8_differ() -> None:
    names = Names()
    assert names.add("\udcff.jpg")
    assert names.add("\udcfe.jpg")
    assert not names.add("\udcff.jpg")


def test_a_name_takes_some_bytes_and_not_its_own_length() -> None:
    names = Names()
    for number in range(10_000):
        names.add("x" * 500 + str(number))
    assert len(names._table) / len(names) < 44
