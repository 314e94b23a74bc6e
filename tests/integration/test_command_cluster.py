"""`semblance analyze --cluster` on a cluster of two processes of Dask's."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.semblance import environment, results, semblance
from utils.settings import ROOT

FACE = ROOT / "playground" / "static" / "sample.jpg"
# In a process of its own: it must not share this one's event loop, signals or warnings.
CLUSTER = """
import sys
from distributed import LocalCluster
if __name__ == "__main__":
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None,
                      host="127.0.0.1", worker_dashboard_address=None) as cluster:
        print(cluster.scheduler_address, flush=True)
        sys.stdin.read()
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    pytest.importorskip("distributed", reason="needs Dask: uv sync --group dev")
    script = tmp_path_factory.mktemp("cluster") / "cluster.py"
    script.write_text(CLUSTER)
    with subprocess.Popen(
        [sys.executable, script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
        cwd=script.parent,
    ) as process:
        assert process.stdin
        assert process.stdout
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.close()
            process.wait(60)


def test_a_cluster_does_what_this_machine_would(address: str, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for number in range(20):
        (photos / f"{number}.jpg").write_bytes(FACE.read_bytes())
    (photos / "broken.jpg").write_bytes(FACE.read_bytes()[:3000])
    (photos / "notes.txt").write_text("no picture")
    marked, here, there = tmp_path / "marked", tmp_path / "here.jsonl", tmp_path / "there.jsonl"
    semblance("analyze", photos, "--json", here)
    done = semblance("analyze", photos, "--json", there, "--cluster", address, "--annotate", marked)
    assert done.returncode == 1, done.stderr
    assert b"20 analysed, 1 failed, 1 no pictures" in done.stderr
    ours, theirs = results(here.read_bytes()), results(there.read_bytes())
    for result in (*ours.values(), *theirs.values()):
        result.pop("ms", None)
    assert ours == theirs
    assert len(list(marked.iterdir())) == 20
    again = semblance("analyze", photos, "--json", there, "--cluster", address)
    assert b"0 analysed, 0 failed, 1 no pictures, 21 done before" in again.stderr


def test_stdin_and_lists_reach_a_cluster(address: str) -> None:
    done = semblance("analyze", "-", "--cluster", address, stdin=FACE.read_bytes())
    assert results(done.stdout)["-"]["faces"]
    listed = f"{FACE}\n/nowhere.jpg\n".encode()
    done = semblance("analyze", "--from", "-", "--cluster", address, stdin=listed)
    assert set(results(done.stdout)) == {str(FACE), "/nowhere.jpg"}


def test_no_cluster_at_an_address_is_one_sentence() -> None:
    pytest.importorskip("distributed", reason="needs Dask: uv sync --group dev")
    for wrong, sentence in (
        ("tcp://127.0.0.1:1", b"no Dask scheduler answers there"),
        ("nonsense://x", b"must be like tcp://HOST:PORT"),
        ("tcp://127.0.0.1", b"must be like tcp://HOST:PORT"),
    ):
        done = semblance("analyze", FACE, "--cluster", wrong)
        assert done.returncode == 78
        assert sentence in done.stderr
        assert len(done.stderr.splitlines()) == 1


def test_without_dask_it_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "distributed.py").write_text("raise ImportError")
    done = semblance(
        "analyze", FACE, "--cluster", "tcp://x:1", PYTHONPATH=f"{tmp_path}:{ROOT}", cwd=tmp_path
    )
    assert done.returncode == 78
    assert b"pip install 'semblance[cluster]'" in done.stderr
    assert len(done.stderr.splitlines()) == 1
