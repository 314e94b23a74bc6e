from __future__ import annotations

import pytest

from utils.archive.photos import Photo
from utils.archive.shards import Shard


def photo(key: str) -> Photo:
    return Photo(f"/mnt/{key}", key, key)


def test_every_photo_is_in_one_shard_and_shards_are_alike_in_size() -> None:
    photos = [photo(f"{number}.jpg") for number in range(4000)]
    sizes = [sum(Shard(index, 4).has(each) for each in photos) for index in range(4)]
    assert sum(sizes) == len(photos)
    assert all(850 < size < 1150 for size in sizes)


def test_a_shard_is_the_same_on_every_machine_and_in_every_release() -> None:
    """An archive that was begun goes on: these must never change."""
    keys = ("a.jpg", "2019/summer/IMG_0001.JPG", "ü.png", "\udcff.jpg", "https://example.com/a")
    found = [[Shard(index, 8).has(photo(key)) for index in range(8)].index(True) for key in keys]
    assert found == [1, 0, 6, 6, 4]


@pytest.mark.parametrize("text", ["", "1", "8/8", "-1/8", "0/0", "1/8/9", "a/b", "1 / 8"])
def test_what_is_no_shard_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"i/n|shards"):
        Shard.parse(text)
