"""Run a command that ends when the launcher does: `python -m launcher.child COMMAND...`.

However the launcher dies, kill -9 included, nothing may be left behind. On Linux the kernel sends
the signal (PR_SET_PDEATHSIG survives exec); elsewhere this process stays and watches a pipe whose
other end only the launcher holds.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
from typing import NoReturn

PIPE_VARIABLE = "SEMBLANCE_LAUNCHER_PIPE"
_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_KILL_AFTER_S = 4.5


def main(argv: list[str]) -> NoReturn:
    """Become the command, or stay beside it."""
    pipe = int(os.environ.pop(PIPE_VARIABLE))
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if _launcher_is_gone(pipe):
            raise SystemExit(1)
        os.close(pipe)
        os.execvp(argv[0], argv)
    raise SystemExit(watch(argv, pipe))


def watch(argv: list[str], pipe: int) -> int:
    """Run the command until it ends or the pipe's other end closes; its exit code."""
    child = subprocess.Popen(argv)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, _: child.send_signal(received))

    def end_with_launcher() -> None:
        os.read(pipe, 1)
        child.terminate()
        try:
            child.wait(_KILL_AFTER_S)
        except subprocess.TimeoutExpired:
            child.kill()

    threading.Thread(target=end_with_launcher, daemon=True).start()
    code = child.wait()
    return code if code >= 0 else 128 - code  # as shells report a signal


def _launcher_is_gone(pipe: int) -> bool:
    """Whether the launcher died before prctl could take note of it."""
    os.set_blocking(pipe, False)
    try:
        return os.read(pipe, 1) == b""
    except BlockingIOError:
        return False


if __name__ == "__main__":
    main(sys.argv[1:])
