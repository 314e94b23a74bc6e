"""Start Semblance on this machine: bot, services, nginx where it is installed, playground.

Without TELEGRAM_TOKEN a local playground stands in for Telegram. Settings come from the
environment or from a .env file; docs/configuration.md lists them. Ctrl-C stops everything.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from types import FrameType

from launcher.page import Page
from launcher.plan import Plan, make_plan
from launcher.readiness import Readiness
from launcher.supervisor import EXIT_CONFIG, Supervisor
from utils import crashes
from utils.errors import SettingsError
from utils.settings import Settings

_DRAIN_S = 4.0
_TICK_S = 0.1
_PROGRESS_S = 2.0


def main(argv: list[str] | None = None) -> int:
    """The command line; the exit code."""
    argparse.ArgumentParser(prog="make run", description=__doc__).parse_args(argv)
    crashes.leave_no_dump()
    run = make_run_folder(Path(tempfile.gettempdir()))
    try:
        settings = Settings.load()
        site = settings.site or run / "site"
        plan = make_plan(settings, run, site=site)
        page = Page(site, _say)
        if settings.site is None:
            page.prepare()
        return _run(plan, run, page)
    except SettingsError as error:
        _say(str(error))
        return EXIT_CONFIG
    finally:
        shutil.rmtree(run, ignore_errors=True)


def make_run_folder(temporary: Path) -> Path:
    """A private folder for sockets; those of launchers that were killed are removed.

    Its path is short, because a unix socket's has 108 characters at most.
    """
    for old in temporary.glob("semblance-*-*"):
        pid = old.name.split("-")[1]
        if pid.isdecimal() and not _is_running(int(pid)):
            shutil.rmtree(old, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"semblance-{os.getpid()}-", dir=temporary))


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _run(plan: Plan, run: Path, page: Page) -> int:
    stopping: list[int] = []

    def stop(number: int, _frame: FrameType | None) -> None:
        stopping.append(number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    readiness = Readiness(run)
    supervisor = Supervisor(plan.programs, readiness, _say)
    for note in plan.notes:
        _say(note)
    code: int | None = None
    announced, last_word = False, time.monotonic()
    try:
        while code is None and not stopping:
            code = supervisor.step()
            waiting = supervisor.waiting_for()
            if page.is_worth_waiting_for():
                waiting.append("onnxruntime-web (once)")
            if not announced and not waiting:
                announced = True
                _say(_welcome(plan, readiness.status.get("bot", "")))
            elif not announced and time.monotonic() - last_word > _PROGRESS_S:
                last_word = time.monotonic()
                _say(f"starting; waiting for {', '.join(waiting)}")
            time.sleep(_TICK_S)
    finally:
        if stopping:
            _say("stopping; what is in flight has 4 s")
        supervisor.stop(_DRAIN_S)
        readiness.close()
    return code or 0


def _welcome(plan: Plan, bot_status: str) -> str:
    if plan.playground_url:
        go = f"Open {plan.playground_url} and drop a photo: this is the bot without Telegram."
    else:
        name = re.search(r"@(\w+)", bot_status)
        go = f"Open https://t.me/{name[1] if name else ''} and send a photo."
    return (
        f"ready.\n\n  {go}\n  Webcam page: {plan.api_url}/ JSON API: {plan.api_url}/docs\n"
        "  Ctrl-C stops everything.\n"
    )


def _say(line: str) -> None:
    print(f"semblance: {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
