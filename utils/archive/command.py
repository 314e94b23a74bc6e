"""`semblance`: what is asked for, and with which status it ends."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn

from utils.archive import arguments, completion
from utils.archive.photos import STDIN

DONE, SOME_FAILED, USAGE, OUTPUT, SETTINGS = 0, 1, 2, 74, 78
_BY_SIGNAL = 128
_STOPPED = "stopped. The same command goes on from here, where its results go to a file."


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the command line says; the exit status."""
    given = arguments.parse(sys.argv[1:] if argv is None else argv)
    if given.command == "completion":
        sys.stdout.write(completion.script(given.shell, arguments.parser()))
        return DONE
    wrong = _misuse(given)
    return _ended(wrong, USAGE) if wrong else _analyze(given)


def _misuse(given: argparse.Namespace) -> str | None:
    """What does not fit together, in words."""
    outputs = [given.json, given.csv, given.annotate]
    single = len(given.photos) == 1 and not given.listed_in and not Path(given.photos[0]).is_dir()
    rules = (
        (not given.photos and not given.listed_in, "name a photo, a folder or a URL"),
        (given.photos.count(STDIN) + (given.listed_in == STDIN) > 1, "stdin can be read once"),
        (outputs.count(STDIN) > 1, "stdout can take one kind of result"),
        (given.annotate == STDIN and not single, "--annotate - is for a single photo"),
        (given.annotate is None and given.blur, "--blur needs --annotate"),
        (given.annotate is None and given.emoji, "--emoji needs --annotate"),
        (given.null and not given.listed_in, "--null needs --from"),
        (given.cluster and given.workers, "--workers is not for a cluster, which has its own"),
    )
    return next((f"{words}; see --help" for wrong, words in rules if wrong), None)


def _analyze(given: argparse.Namespace) -> int:
    # What is only asked for help must not wait for these.
    from utils.archive.run import run
    from utils.errors import ModelError, OutputError, SettingsError, Unreadable
    from utils.settings import Settings

    signal.signal(signal.SIGTERM, _terminate)
    try:
        return SOME_FAILED if run(given, Settings.load()).failed else DONE
    except (SettingsError, ModelError) as error:
        status = _ended(str(error), SETTINGS)
    except OutputError as error:
        status = _ended(str(error), OUTPUT)
    except Unreadable as error:
        status = _ended(str(error), USAGE)
    except BrokenPipeError:
        # Nobody reads on, `| head`; Python would complain of it once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = _BY_SIGNAL + signal.SIGPIPE
    except KeyboardInterrupt:
        status = _ended(_STOPPED, _BY_SIGNAL + signal.SIGINT)
    except _Terminated:
        status = _ended(_STOPPED, _BY_SIGNAL + signal.SIGTERM)
    return status


class _Terminated(BaseException):
    """SIGTERM: no handler of errors takes it for one."""


def _terminate(_number: int, _frame: FrameType | None) -> NoReturn:
    raise _Terminated


def _ended(sentence: str, status: int) -> int:
    print(f"semblance: {sentence}", file=sys.stderr)
    return status
