from __future__ import annotations

import base64
import gzip
import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from benchmarks.picture_server import picture_server
from launcher import runtime
from launcher.runtime import FILES, RuntimeUnavailable, fetch, is_there
from tests.service_processes import free_port


def archive(names: tuple[str, ...] = FILES) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name in names:
            member = tarfile.TarInfo(f"package/dist/{name}")
            member.size = len(name)
            tar.addfile(member, io.BytesIO(name.encode()))
    return packed.getvalue()


def test_the_known_archive_is_unpacked_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = archive()
    monkeypatch.setattr(
        runtime, "_SHA512", base64.b64encode(hashlib.sha512(data).digest()).decode()
    )
    with picture_server(data) as url:
        folder = fetch(tmp_path, f"{url}/photo.jpg")
    for name in FILES:
        assert (folder / name).read_text() == name
        assert gzip.decompress((folder / f"{name}.gz").read_bytes()).decode() == name
    assert is_there(tmp_path)
    assert len(list(folder.iterdir())) == 2 * len(FILES)
    assert fetch(tmp_path, "http://nobody.invalid/") == folder


def test_another_archive_is_refused(tmp_path: Path) -> None:
    with (
        picture_server(archive()) as url,
        pytest.raises(RuntimeUnavailable, match="its sha512 differs"),
    ):
        fetch(tmp_path, f"{url}/photo.jpg")
    assert not is_there(tmp_path)


def test_without_a_network_one_sentence_says_so(tmp_path: Path) -> None:
    nobody = f"http://127.0.0.1:{free_port()}/"
    with pytest.raises(RuntimeUnavailable, match=r"could not be fetched from .*refused"):
        fetch(tmp_path, nobody)
    assert not is_there(tmp_path)
