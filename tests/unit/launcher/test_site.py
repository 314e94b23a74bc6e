from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path

import pytest

from launcher import runtime
from launcher.site import WEB, files, lay_out, main, version_script
from utils.settings import ROOT

RUNTIME = f"web/runtime/{runtime.VERSION}"


@pytest.fixture
def computes(tmp_path: Path) -> Path:
    """A folder like that of onnxruntime-web."""
    folder = tmp_path / "computes"
    folder.mkdir()
    for name in runtime.FILES:
        (folder / name).write_text(name)
        (folder / f"{name}.gz").write_bytes(gzip.compress(name.encode()))
    return folder


def listed(out: Path) -> dict:
    script = (out / "web" / "version.js").read_text()
    return json.loads(script.removeprefix("self.SITE = ").rstrip(";\n"))


def test_all_that_is_listed_lies_where_it_says(tmp_path: Path, computes: Path) -> None:
    lay_out(tmp_path / "site", computes)
    site = listed(tmp_path / "site")
    assert site["runtime"]
    assert "" in site["files"]
    for address in site["files"]:
        assert (tmp_path / "site" / (address or "index.html")).is_file(), address
    assert (tmp_path / "site" / "sw.js").read_bytes() == (WEB / "sw.js").read_bytes()


def test_networks_are_found_by_their_hash(tmp_path: Path) -> None:
    lay_out(tmp_path / "site", None)
    networks = list((tmp_path / "site" / "web" / "models").glob("*/*.onnx"))
    assert sorted(path.name for path in networks) == [
        "detector.onnx",
        "emotion.onnx",
        "gender.onnx",
    ]
    for path in networks:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        assert path.parent.name == digest[:12]
        assert path.read_bytes() == (ROOT / "trained_models" / path.name).read_bytes()


def test_without_the_runtime_the_page_is_told_so(tmp_path: Path) -> None:
    lay_out(tmp_path / "site", None)
    assert not listed(tmp_path / "site")["runtime"]
    assert not any("runtime" in address for address in files(None))


def test_what_can_be_compressed_lies_there_compressed(tmp_path: Path, computes: Path) -> None:
    out = tmp_path / "site"
    lay_out(out, computes)
    compressed = {path.relative_to(out).as_posix() for path in out.rglob("*.gz")}
    assert {"index.html.gz", "sw.js.gz", "web/app.js.gz", "web/version.js.gz"} <= compressed
    assert {f"{RUNTIME}/{name}.gz" for name in runtime.FILES} <= compressed
    for name in compressed:
        plain = (out / name.removesuffix(".gz")).read_bytes()
        assert gzip.decompress((out / name).read_bytes()) == plain, name


def test_the_version_changes_with_every_file_and_with_nothing_else(tmp_path: Path) -> None:
    served = files(None)
    same = version_script(served, with_runtime=False)
    assert version_script(files(None), with_runtime=False) == same
    changed = tmp_path / "app.js"
    changed.write_text("another")
    assert version_script({**served, "web/app.js": changed}, with_runtime=False) != same
    assert version_script(served, with_runtime=False, release="2") != same


def test_the_command_writes_no_folder_twice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([str(tmp_path)])
    assert ended.value.code == 2
    assert "is there already" in capsys.readouterr().err
