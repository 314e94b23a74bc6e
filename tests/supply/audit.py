"""Asks whether a vulnerability of any locked package is known.

    python -m tests.supply.audit

`uv audit` is what asks, as uv is pinned and installed already: one question to https://osv.dev for
all packages of `uv.lock`, those of training and tests too. pip-audit would ask the same with a
dozen packages of its own. Without a network it says so and passes: a check that needs one would
soon be left out. With `--required` it does not pass then, for a run that has one.

Exits with 0, or with 1 and what is known about which package.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

from utils.settings import ROOT

# A vulnerability that does not concern us, and why: {"PYSEC-2026-1": "we never call it"}.
IGNORED: dict[str, str] = {}
_OSV = "https://api.osv.dev/"
# What uv's exit codes mean: any other is a question that could not be asked.
_NONE, _SOME = 0, 1


def audit(service_url: str = _OSV) -> tuple[int | None, str]:
    """Whether there are any (0 or 1; None where nobody could be asked), and uv's own words."""
    ignored = [word for name in IGNORED for word in ("--ignore", name)]
    done = subprocess.run(
        [
            *(ROOT / ".venv/bin/uv", "audit", "--locked", "--preview-features", "audit-command"),
            *("--service-url", service_url, *ignored),
        ],
        cwd=ROOT,
        env=os.environ | {"UV_HTTP_TIMEOUT": "10", "UV_HTTP_RETRIES": "1", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    said = f"{done.stdout.strip()}\n{done.stderr.strip()}".strip()
    return (done.returncode if done.returncode in {_NONE, _SOME} else None), said


def verdict(found: int | None, said: str, *, required: bool) -> tuple[int, str]:
    """The exit code, and what to print."""
    if found is None and not required:
        return 0, f"vulnerabilities: not asked for, as {_OSV} did not answer ({_last(said)})"
    if found == _NONE:
        return 0, f"vulnerabilities: none known ({_last(said)})"
    return 1, said


def _last(said: str) -> str:
    return said.splitlines()[-1].strip().removeprefix("cause: ") if said else "no word"


def main() -> int:
    """Ask, and say what came out."""
    parser = argparse.ArgumentParser(prog="python -m tests.supply.audit")
    parser.add_argument("--required", action="store_true", help="fail where nobody can be asked")
    required = parser.parse_args().required
    code, text = verdict(*audit(), required=required)
    print(text)
    return code


if __name__ == "__main__":
    sys.exit(main())
