"""The launcher as its user meets it: starting, stopping, and what it says when it cannot."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import requests

from tests.local_run import LocalRun, free_port
from tests.person import Person
from tests.service_processes import nginx_command
from utils.settings import ROOT


def launch(environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "launcher"],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_leaves_nothing_behind(tmp_path: Path, number: signal.Signals) -> None:
    run = LocalRun(tmp_path)
    run.start()
    children = psutil.Process(run.process.pid).children(recursive=True)
    assert len(children) >= 4
    began = time.monotonic()
    assert run.stop(number) == 0
    _, alive = psutil.wait_procs(children, timeout=5)
    assert alive == []
    assert time.monotonic() - began < 12
    assert "Traceback" not in run.printed()


def test_a_killed_launcher_takes_its_children_along(tmp_path: Path) -> None:
    run = LocalRun(tmp_path)
    run.start()
    children = psutil.Process(run.process.pid).children(recursive=True)
    run.process.kill()
    run.process.wait()
    _, alive = psutil.wait_procs(children, timeout=8)
    assert [process.cmdline() for process in alive] == []


def test_the_welcome_names_the_page_and_the_api(tmp_path: Path) -> None:
    with LocalRun(tmp_path) as run:
        assert run.playground_url in run.printed()
        assert f"{run.api_url}/docs" in run.printed()
        page = requests.get(f"{run.api_url}/", headers={"Accept": "text/html"}, timeout=10)
        assert "<title>Semblance</title>" in page.text


def test_a_second_start_is_told_so_in_one_sentence(tmp_path: Path) -> None:
    with LocalRun(tmp_path) as run:
        same_port = launch({**run.environ, "SEMBLANCE_PLAYGROUND_PORT": str(free_port())})
        assert same_port.returncode == 78
        assert same_port.stderr.count("\n") == 1
        assert f"Port {run.port} is taken" in same_port.stderr
        same_queue = launch(
            {
                **run.environ,
                "SEMBLANCE_PORT": str(free_port()),
                "SEMBLANCE_PLAYGROUND_PORT": str(free_port()),
            }
        )
        assert same_queue.returncode == 78
        assert "Traceback" not in same_queue.stderr
        assert "already" in same_queue.stderr


def test_two_runs_with_ports_and_queues_of_their_own_never_meet(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    first.mkdir()
    second.mkdir()
    with LocalRun(first), LocalRun(second) as run:
        assert "ready." in run.printed()


def test_a_wrong_token_is_one_plain_sentence(tmp_path: Path) -> None:
    with LocalRun(tmp_path) as run:
        done = launch(
            {
                **run.environ,
                "SEMBLANCE_PORT": str(free_port()),
                "SEMBLANCE_QUEUE": f"sqlite:///{tmp_path}/other.db",
                "TELEGRAM_TOKEN": "1:" + "x" * 35,
                "TELEGRAM_API_URL": run.playground_url,
            }
        )
    assert done.returncode == 78
    assert "Traceback" not in done.stderr
    assert "BotFather" in done.stderr or "token" in done.stderr


def test_a_wrong_setting_stops_the_start_with_its_name(tmp_path: Path) -> None:
    done = launch({**LocalRun(tmp_path).environ, "SEMBLANCE_GENDER": "perhaps"})
    assert done.returncode == 78
    assert done.stderr == "semblance: SEMBLANCE_GENDER must be one of: on, off.\n"


def test_without_nginx_everything_works_on_the_same_port(
    tmp_path: Path, astronaut_jpeg: bytes
) -> None:
    hidden = "import launcher.plan, shutil, sys; shutil.which = lambda *a, **k: None\n"
    hidden += "from launcher.__main__ import main; sys.exit(main([]))"
    run = LocalRun(tmp_path)
    run.command = [sys.executable, "-c", hidden]
    with run:
        assert "replicas need nginx" in run.printed()
        person = Person(run.playground_url)
        (answer,) = person.wait(person.send_photos(astronaut_jpeg))
        assert answer.photo


def test_send_mode_and_gender_off_reach_the_chat(tmp_path: Path, astronaut_jpeg: bytes) -> None:
    with LocalRun(tmp_path, SEMBLANCE_DELIVERY="send", SEMBLANCE_GENDER="off") as run:
        person = Person(run.playground_url)
        (answer,) = person.wait(person.send_photos(astronaut_jpeg))
        assert answer.photo
        assert "happiness" in answer.text
        assert "woman" not in answer.text
        assert len([m for m in answer.messages if "photo" in m]) == 1


def test_with_a_webhook_the_playground_calls_the_bot_through_nginx(
    tmp_path: Path, astronaut_jpeg: bytes
) -> None:
    nginx_command()
    port = free_port()
    with LocalRun(
        tmp_path,
        SEMBLANCE_PORT=str(port),
        SEMBLANCE_WEBHOOK_URL=f"http://127.0.0.1:{port}",
        SEMBLANCE_WEBHOOK_BIND=f"127.0.0.1:{free_port()}",
    ) as run:
        person = Person(run.playground_url)
        (answer,) = person.wait(person.send_photos(astronaut_jpeg))
        assert answer.photo
        run.kill(r"-m bot$")
        (answer,) = person.wait(person.send_photos(astronaut_jpeg))
        assert answer.photo
        assert "listening at" in run.printed()
        assert "polling as" not in run.printed()
