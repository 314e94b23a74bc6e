from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.unit.training.packs import state_sums
from training import datasets
from training.datasets import load_fairface, load_fer
from training.packs import SHA256, DatasetError, checked, sha256_of


@pytest.fixture
def folder(drawn_packs: Path, tmp_path: Path) -> Path:
    """A copy of the drawn packs, for a test to damage."""
    shutil.copytree(drawn_packs, tmp_path / "packs")
    return tmp_path / "packs"


def test_sha256_is_the_files(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"abc")
    assert sha256_of(tmp_path / "x").startswith("ba7816bf8f01cfea")


def test_a_missing_pack_is_named_with_its_folder(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"fer2013\.npz is missing: .* must hold the data packs"):
        load_fer(tmp_path)


def test_a_cut_off_pack_is_told_from_another_one(folder: Path) -> None:
    pack = folder / "fer2013.npz"
    pack.write_bytes(pack.read_bytes()[:-100])
    with pytest.raises(DatasetError, match="cut off or damaged"):
        load_fer(folder)


def test_one_changed_byte_is_another_pack(folder: Path) -> None:
    pack = folder / "fairface_64.npz"
    data = bytearray(pack.read_bytes())
    data[200] ^= 1
    pack.write_bytes(data)
    with pytest.raises(DatasetError, match="not the known pack"):
        load_fairface(folder, "fairface_64.npz", 64)


def test_a_pack_of_another_sha256_needs_its_sum_stated_beside_it(folder: Path) -> None:
    (folder / "SHA256SUMS").unlink()
    with pytest.raises(DatasetError, match="sha256 differs"):
        load_fer(folder)
    state_sums(folder)
    assert len(load_fer(folder).images) == 64


def test_a_pack_without_an_array_it_needs_is_one_sentence(folder: Path) -> None:
    with np.load(folder / "fer2013.npz") as pack:
        arrays = {name: pack[name] for name in pack.files if name != "votes"}
    np.savez(folder / "fer2013.npz", **arrays)
    state_sums(folder)
    with pytest.raises(DatasetError, match="lacks an array: votes"):
        load_fer(folder)


def test_pickled_objects_are_never_read(folder: Path) -> None:
    with np.load(folder / "fer2013.npz") as pack:
        arrays = {name: pack[name] for name in pack.files}
    np.savez(folder / "fer2013.npz", **(arrays | {"votes": np.array([{}], object)}))
    state_sums(folder)
    with pytest.raises(DatasetError, match="cannot be read"):
        load_fer(folder)


def test_a_command_ends_with_the_sentence_and_no_stack(tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as end:
        datasets.main(["--data", str(tmp_path)])
    assert "is missing" in str(end.value.code)
    assert end.value.__suppress_context__


def test_the_known_sums_are_those_of_the_real_packs(packs: Path) -> None:
    for name in SHA256:
        assert checked(packs, name) == packs / name
