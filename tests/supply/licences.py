"""Whose code an installation brings along, and under which licence: docs/licences.md.

    python -m tests.supply.licences --write

Packages are those of `uv.lock` for what serves (bot, services, playground, Lambda) on the platforms
that the README names; licences are what the installed packages say of themselves.
"""

from __future__ import annotations

import argparse
import re
import sys
from importlib import metadata
from subprocess import run

from packaging.markers import Marker
from packaging.requirements import Requirement

from utils.settings import ROOT

PAGE = ROOT / "docs" / "licences.md"
# What a self-hosted service may bring along without duties beyond naming it. LGPL and MPL: as
# packages of their own, unchanged and replaceable, which is how they are installed.
ALLOWED = {
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "CC0-1.0",
    "ISC",
    "LGPL-3.0-only",
    "MIT",
    "MIT-CMU",
    "MPL-2.0",
    "PSF-2.0",
    "ZPL-2.1",
    "Zlib",
}
# Of packages that do not say it in SPDX's words.
_WORDS = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache 2.0": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "MIT License": "MIT",
}
# Only Python below 3.11.3 needs it, so that it is installed nearly nowhere.
_ABSENT = {"async-timeout": "Apache-2.0"}
_PLATFORMS = [
    {"sys_platform": system, "platform_machine": machine, "python_full_version": version}
    | {"python_version": version[:4]}
    for system, machine in (("linux", "x86_64"), ("linux", "aarch64"), ("darwin", "arm64"))
    for version in ("3.11.0", "3.12.9", "3.13.9")
]
_HEAD = """\
# Licences

Semblance is under the [Apache License 2.0](../LICENSE). What serves (the images, `make run`, the
Lambda function) brings these packages along, in the versions of `uv.lock`; `make sbom` lists them
with versions and hashes. Pictures, data and networks: [credits](../CREDITS.md).

Wheels hold libraries of others, whose licences lie inside (`*.dist-info/`): OpenCV's hold FFmpeg
(LGPL-2.1) and OpenBLAS, NumPy's OpenBLAS, Pillow's its codecs.

Written by `python -m tests.supply.licences --write`; a test compares, and refuses a licence that is
not on the list of that file.

| package | licence |
|---|---|
"""


def packages(*groups: str) -> list[str]:
    """The names that the lock has for these groups on our platforms."""
    options = [word for group in groups for word in ("--group", group)]
    command = [".venv/bin/uv", "export", "--quiet", "--locked", "--offline", *options]
    command += ["--no-default-groups", "--no-hashes", "--no-annotate", "--no-header"]
    told = run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    wanted = (Requirement(line) for line in told.splitlines())
    return sorted({each.name for each in wanted if _is_ours(each.marker)})


def _is_ours(marker: Marker | None) -> bool:
    return marker is None or any(marker.evaluate(dict(each)) for each in _PLATFORMS)


def licence(name: str) -> str:
    """The SPDX expression of a package. Raises `LookupError` where it does not tell."""
    try:
        facts = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return _ABSENT[name]
    if facts.get("License-Expression"):
        return str(facts["License-Expression"])
    said = [facts.get("License") or ""]
    said += [each.rpartition(" :: ")[2] for each in facts.get_all("Classifier") or []]
    for words in said:
        found = _WORDS.get(words, words)
        if found in ALLOWED:
            return found
    raise LookupError(f"{name} does not say what its licence is: {said}")


def terms(expression: str) -> set[str]:
    """The licences that an expression names."""
    return set(re.split(r" (?:AND|OR) ", expression.replace("(", "").replace(")", "")))


def page() -> str:
    """What docs/licences.md holds."""
    rows = (f"| `{each}` | {licence(each)} |\n" for each in packages("serve", "lambda"))
    return _HEAD + "".join(rows)


def main() -> int:
    """Print the page, or write it."""
    parser = argparse.ArgumentParser(prog="python -m tests.supply.licences")
    parser.add_argument("--write", action="store_true", help="write docs/licences.md")
    if parser.parse_args().write:
        PAGE.write_text(page())
    else:
        print(page(), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
