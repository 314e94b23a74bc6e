"""A playground that forgets no chat: `python -m tests.chaos.telegram`, options as its own.

Otherwise what comes late to those who wrote first would be seen by nobody.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

from utils.settings import ROOT

_READY_WITHIN_S = 30


class Telegram:
    """Such a playground as a process of its own; `url` and `token` once it runs as a context."""

    def __init__(self, folder: Path) -> None:
        self._port_file = folder / "telegram.port"
        self.token = f"{secrets.randbelow(10**9)}:{secrets.token_urlsafe(26)}"
        self.url = ""
        self._process: subprocess.Popen[bytes]

    def __enter__(self) -> Self:
        argv = ["--port", "0", "--port-file", str(self._port_file)]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.telegram", *argv],
            cwd=ROOT,
            env=os.environ | {"TELEGRAM_TOKEN": self.token},
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        deadline = time.monotonic() + _READY_WITHIN_S
        while not self._port_file.exists():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("the playground did not start")
            time.sleep(0.05)
        self.url = f"http://127.0.0.1:{self._port_file.read_text().strip()}"
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(10)


if __name__ == "__main__":
    # As `python -m playground` does it: first of all, for one that waits must not hold up others.
    from gevent import monkey

    monkey.patch_all()
    from playground import chats, server, state

    state.MAX_MESSAGES, chats.MAX_MESSAGES = 10**9, 10**6
    sys.exit(server.main())
