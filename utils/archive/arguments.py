"""The command line, described once: `--help`, completion and docs/command-line.md follow it."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import TypeVar

from utils import VERSION
from utils.archive.photos import STDIN
from utils.archive.shards import Shard

SHELLS = ("bash", "zsh", "fish")
_T = TypeVar("_T")

_EPILOG = """\
examples:
  semblance analyze photo.jpg                          a table of its faces
  semblance analyze holiday/ --json holiday.jsonl      a folder and all below it; again: goes on
  semblance analyze holiday/ --annotate marked/        the same pictures with faces marked
  cat photo.jpg | semblance analyze - --json - | jq    from and to other commands
  find . -name '*.jpg' -print0 | semblance analyze --from - --null --csv faces.csv
  semblance analyze archive/ --shard 3/16 --json /results/3.jsonl

exit status:
  0 all is done   1 some photos failed   2 wrong use   74 results cannot be written
  78 a wrong setting, or networks that cannot be loaded   130, 143 stopped by a signal
"""


def parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    top = argparse.ArgumentParser(
        prog="semblance",
        description="The apparent expression and gender of every face in a photo.",
        epilog="`semblance COMMAND --help` tells more.",
        allow_abbrev=False,
    )
    top.add_argument("--version", action="version", version=f"semblance {VERSION}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    _add_analyze(commands)
    completion = commands.add_parser(
        "completion",
        help="print what completes this command in a shell",
        description="Print what completes this command in a shell: docs/command-line.md says how.",
        allow_abbrev=False,
    )
    completion.add_argument("shell", choices=SHELLS)
    return top


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """What is asked for; photos may stand anywhere among the options, and all after `--` are."""
    words = list(argv)
    first = words.index("--") if "--" in words else len(words)
    top = parser()
    given, more = top.parse_known_args(words[:first])
    unknown = [word for word in more if word.startswith("-") and word != STDIN]
    more += words[first + 1 :]
    if unknown or (more and given.command != "analyze"):
        top.error(f"unrecognized arguments: {' '.join(unknown or more)}")
    if given.command == "analyze":
        given.photos += more
    return given


def _add_analyze(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser(
        "analyze",
        help="analyse photos, folders of photos and URLs",
        description="Analyse photos, folders with all below them, and URLs.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    command.add_argument(
        "photos", nargs="*", metavar="PHOTO", help="a photo, a folder or a URL; - reads one photo"
    )
    _add_input(command.add_argument_group("what"))
    _add_output(command.add_argument_group("results"))
    _add_options(command.add_argument_group("faces"))
    _add_work(command.add_argument_group("work"))


def _add_input(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--from", dest="listed_in", metavar="FILE", help="a file with more of them; - reads names"
    )
    group.add_argument(
        "--null", action="store_true", help="names in that file end with NUL, not with a newline"
    )
    group.add_argument(
        "--shard",
        type=_checked(Shard.parse),
        default=Shard(),
        metavar="I/N",
        help="only the I-th of N parts, counted from 0; a photo's part follows from its name",
    )


def _add_output(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--json", metavar="FILE", help="a line of JSON a photo; what is in it already is not redone"
    )
    group.add_argument("--csv", metavar="FILE", help="the same as a table, a row a face")
    group.add_argument(
        "--annotate", metavar="DIR", help="pictures with the faces marked; - writes a single one"
    )
    group.add_argument("--blur", action="store_true", help="with every face blurred in them")
    group.add_argument("--emoji", action="store_true", help="with pictograms of expressions")
    group.add_argument("--quiet", action="store_true", help="no progress, no last sentence")


def _add_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--max-faces", type=_from(1), metavar="N", help="only the N largest of a photo"
    )
    group.add_argument(
        "--min-face-px", type=_from(0), metavar="PX", help="only those at least that wide or high"
    )
    group.add_argument("--gender", choices=("on", "off"), help="whether gender is told at all")
    group.add_argument(
        "--whole-up-to-px",
        type=_from(0),
        metavar="PX",
        help="take a photo up to this size without a face for one face, cut out already",
    )


def _add_work(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--workers", type=_from(1), metavar="N", help="processes; a core each where not set"
    )
    group.add_argument(
        "--cluster", metavar="ADDRESS", help="a Dask scheduler whose workers do it, tcp://HOST:8786"
    )


def _from(low: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not text.isdecimal() or not low <= int(text) < 10**9:
            raise ValueError(f"a whole number from {low}")
        return int(text)

    return _checked(parse)


def _checked(parse: Callable[[str], _T]) -> Callable[[str], _T]:
    """A parser whose `ValueError` is what the user reads."""

    def checked(text: str) -> _T:
        try:
            return parse(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"{text!r}: {error}") from None

    return checked
