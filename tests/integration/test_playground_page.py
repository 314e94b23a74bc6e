"""The playground's page in a real browser: it loads, runs its script and talks to its server."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.local_run import free_port
from utils.settings import ROOT


@pytest.fixture
def page(tmp_path: Path) -> Iterator[str]:
    """The address of a playground without a bot."""
    port = free_port()
    environ = {**os.environ, "TELEGRAM_TOKEN": "1:" + "p" * 35}
    with subprocess.Popen(
        [sys.executable, "-m", "playground", "--port", str(port)],
        cwd=ROOT,
        env=environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        address = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 30
        while True:
            try:
                requests.get(f"{address}/healthz", timeout=1)
                break
            except requests.ConnectionError:
                assert time.monotonic() < deadline
                time.sleep(0.1)
        yield address
        process.terminate()


def test_the_page_runs_in_chromium_without_an_error(page: str, tmp_path: Path) -> None:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("needs Chromium: install it (apt install chromium)")
    arguments = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
    arguments += ["--disable-sync", "--disable-background-networking", "--enable-logging=stderr"]
    arguments += ["--disable-component-update", "--timeout=5000", "--dump-dom"]
    done = subprocess.run(
        [chromium, *arguments, f"--user-data-dir={tmp_path}/profile", page],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    complaints = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    assert complaints == []
    assert "playground" in done.stdout.lower()
    calls = requests.get(f"{page}/api/bot", timeout=5).json()
    assert calls["username"] in done.stdout or calls["first_name"] in done.stdout
