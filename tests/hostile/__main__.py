"""The command line of the hostile cases; the package says what they are."""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import sys
from collections.abc import Callable, Sequence
from types import ModuleType

import pytest

from tests import hostile
from tests.hostile import table
from tests.hostile.outcome import Outcome

FAMILIES = tuple(found.name for found in pkgutil.iter_modules(hostile.__path__) if found.ispkg)


def main(
    argv: Sequence[str] | None = None,
    family: Callable[[str], ModuleType] = lambda name: importlib.import_module(
        f"tests.hostile.{name}"
    ),
) -> int:
    """Try the cases; 0 where each brought what it had to, in its time.

    family: gives the package of a name, with `outcomes()` and, where memory is looked at, a
    `peak_mb()` that is asked afterwards.
    """
    options = _options(argv)
    outcomes: list[Outcome] = []
    peaks_mb: dict[str, float | None] = {}
    for name in options.family or FAMILIES:
        package = family(name)
        try:
            outcomes += package.outcomes()
        except pytest.skip.Exception as missing:
            print(f"{name}: {missing}", file=sys.stderr)
            return 1
        peak_mb = getattr(package, "peak_mb", None)
        peaks_mb[name] = peak_mb() if peak_mb else None
    text = table.table(outcomes, peaks_mb)
    print(text)
    if options.write:
        table.PAGE.write_text(table.filled(table.PAGE.read_text(), text))
    for bad in (outcome for outcome in outcomes if not outcome.good):
        print(
            f"{bad.family}, {bad.group}, {bad.name}: {bad.found} after {bad.took_s:.1f} s,"
            f" not {bad.expected} within {bad.limit_s:g} s",
            file=sys.stderr,
        )
    return int(not all(outcome.good for outcome in outcomes))


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.hostile",
        description=hostile.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--family", choices=FAMILIES, action="append", help="this one alone; may be repeated"
    )
    parser.add_argument("--write", action="store_true", help="put the table into docs/security.md")
    options = parser.parse_args(argv)
    if options.write and options.family:
        parser.error("the table of the page holds all families")
    return options


if __name__ == "__main__":
    sys.exit(main())
