"""`python -m bot`: the Telegram process of Semblance."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

from bot import exits
from utils import crashes

_EXIT_CODES = """\
exit codes: 0 stopped as asked; 70 an error of the bot's own; 74 the queue cannot be used; 78 only
you can help: a setting is missing or wrong, Telegram refuses the token, or another bot uses the
same token or queue file"""


def main(arguments: list[str] | None = None, run: Callable[[], None] | None = None) -> int:
    """Run the bot until it is told to stop; the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m bot",
        description="Takes photos and links from Telegram and has them annotated. "
        "Everything is set in the environment or .env: see docs/configuration.md.",
        epilog=_EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="only say whether the settings would do, and whether Telegram, if it can be reached, "
        "knows the token",
    )
    options = parser.parse_args(arguments)
    crashes.leave_no_dump()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)
    try:
        (run or (_load_and_check if options.check else _load_and_start))()
    except exits.Exit as reason:
        print(reason, file=sys.stderr)
        return reason.code
    return 0


def _load_and_start() -> None:
    # The Telegram library takes a while to load, and a stop may come meanwhile.
    from bot.start import start

    start()


def _load_and_check() -> None:
    from bot.start import check

    check()


def _leave(_number: int, _frame: FrameType | None) -> NoReturn:
    """A stop before the bot works: nothing to drain yet."""
    raise SystemExit(0)


if __name__ == "__main__":
    sys.exit(main())
