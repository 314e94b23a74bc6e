"""How `semblance analyze` ends: in order, killed, refused, or with a worker less."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.semblance import COMMAND, environment, results, semblance
from utils.settings import ROOT

FACE = ROOT / "playground" / "static" / "sample.jpg"


def test_two_runs_never_write_to_one_file(tmp_path: Path) -> None:
    out, names = tmp_path / "out.jsonl", tmp_path / "names"
    os.mkfifo(names)
    first = subprocess.Popen(
        [*COMMAND, "analyze", "--from", names, "--json", out], cwd=ROOT, env=environment()
    )
    with names.open("w") as list_of_names:
        list_of_names.write(f"{FACE}\n")
        list_of_names.flush()
        wait_for(lambda: out.exists() and out.stat().st_size)
        second = semblance("analyze", FACE, "--json", out)
        assert second.returncode == 74
        assert b"another run is writing to it" in second.stderr
    assert first.wait(30) == 0


def test_a_dead_process_takes_nobody_along(tmp_path: Path) -> None:
    psutil = pytest.importorskip("psutil")
    names, out = tmp_path / "names", tmp_path / "out.jsonl"
    os.mkfifo(names)
    photos = [tmp_path / f"{number}.jpg" for number in range(8)]
    for photo in photos:
        photo.write_bytes(FACE.read_bytes())
    run = subprocess.Popen(
        [*COMMAND, "analyze", "--from", names, "--json", out, "--workers", "2", "--quiet"],
        cwd=ROOT,
        env=environment(),
    )
    with names.open("w") as list_of_names:
        list_of_names.write("".join(f"{photo}\n" for photo in photos[:4]))
        list_of_names.flush()
        wait_for(lambda: out.exists() and len(out.read_bytes().splitlines()) == 4)
        for child in psutil.Process(run.pid).children():
            if "archive.workers" in " ".join(child.cmdline()):
                child.kill()
        list_of_names.write("".join(f"{photo}\n" for photo in photos[4:]))
    assert run.wait(60) == 0
    assert set(results(out.read_bytes())) == {str(photo) for photo in photos}


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_it_in_order_and_the_next_run_goes_on(
    tmp_path: Path, number: int, status: int
) -> None:
    photos, out = tmp_path / "photos", tmp_path / "out.jsonl"
    photos.mkdir()
    for each in range(60):
        (photos / f"{each}.jpg").write_bytes(FACE.read_bytes())
    run = subprocess.Popen(
        [*COMMAND, "analyze", photos, "--json", out],
        cwd=ROOT,
        env=environment(),
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    wait_for(lambda: out.exists() and out.stat().st_size)
    os.killpg(run.pid, number)  # as a terminal does
    _, said = run.communicate(timeout=30)
    assert run.returncode == status
    assert b"Traceback" not in said
    assert b"goes on from here" in said
    assert semblance("analyze", photos, "--json", out).returncode == 0
    assert len(results(out.read_bytes())) == 60


def test_a_full_disk_stops_it_and_is_no_photos_fault(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    done = semblance("analyze", FACE, "--json", "/dev/full")
    assert done.returncode == 74
    assert b"/dev/full cannot be written: No space left on device." in done.stderr
    sealed = tmp_path / "sealed"
    sealed.write_text("a file, no folder")
    assert semblance("analyze", FACE, "--annotate", sealed).returncode == 74


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("-", "-"),
        ("-", "--from", "-"),
        ("a.jpg", "--json", "-", "--csv", "-"),
        ("a.jpg", "b.jpg", "--annotate", "-"),
        (".", "--annotate", "-"),
        ("a.jpg", "--blur"),
        ("a.jpg", "--emoji"),
        ("a.jpg", "--null"),
        ("a.jpg", "--workers", "0"),
        ("a.jpg", "--shard", "3/3"),
        ("a.jpg", "--cluster", "tcp://x:1", "--workers", "2"),
        ("--from", "no such list"),
        ("a.jpg", "--jso", "x"),
    ],
)
def test_wrong_use_is_one_sentence_and_status_2(arguments: tuple[str, ...]) -> None:
    done = semblance("analyze", *arguments)
    assert done.returncode == 2
    assert done.stdout == b""
    assert b"Traceback" not in done.stderr


def test_a_wrong_setting_is_one_sentence_and_status_78() -> None:
    done = semblance("analyze", FACE, SEMBLANCE_MAX_BYTES="much")
    assert done.returncode == 78
    assert done.stderr.startswith(b"semblance: SEMBLANCE_MAX_BYTES must be")
    done = semblance("analyze", FACE, SEMBLANCE_EMOTION_MODEL="/nowhere")
    assert done.returncode == 78
    assert b"is missing" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_help_loads_no_network_and_no_picture_library() -> None:
    probe = (
        "import sys; sys.argv[1:] = ['--help']\n"
        "from utils.archive.command import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'cv2', 'onnxruntime', 'numpy', 'PIL', 'requests'} & set(sys.modules)\n"
        "sys.exit(repr(heavy) if heavy else 0)"
    )
    done = subprocess.run(
        [COMMAND[0], "-c", probe], cwd=ROOT, env=environment(), capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr


def wait_for(met, seconds: float = 60) -> None:
    """Until a condition holds; a minute is for the slowest of machines."""
    ends_at = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < ends_at
        time.sleep(0.01)
