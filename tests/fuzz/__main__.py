"""The command line of the hunt; the package says what it is."""

from __future__ import annotations

import argparse
import hashlib
import random
import subprocess
import sys
import tempfile
from pathlib import Path

from tests import fuzz
from tests.fuzz.hunt import Finding, hunt

FINDINGS = Path(__file__).parent / "findings"


def main() -> int:
    """Hunt in a process of its own; 0 where nothing was found."""
    options = _options()
    if options.here:
        return _hunt(options.seconds, options.seed, options.here)
    seed = random.SystemRandom().randrange(10**6) if options.seed is None else options.seed
    with tempfile.TemporaryDirectory() as folder:
        last = Path(folder) / "last"
        command = [sys.executable, "-m", "tests.fuzz", "--here", str(last), "--seed", str(seed)]
        # OpenCV's libraries write there what is wrong with a picture.
        ended = subprocess.run(
            [*command, "--seconds", str(options.seconds)], stderr=subprocess.DEVNULL, check=False
        )
        if ended.returncode not in (0, 1):
            _keep(Finding(f"the process ended with {ended.returncode}", last.read_bytes()))
            print(f"seed {seed}: the process itself was ended by a picture")
            return 1
    return ended.returncode


def _hunt(seconds: float, seed: int, last: Path) -> int:
    with last.open("wb", buffering=0) as file:

        def watch(data: bytes) -> None:
            # Whatever happens now, these bytes did it.
            file.seek(0)
            file.truncate()
            file.write(data)

        report = hunt(seed, seconds=seconds, watch=watch)
    for finding in report.findings:
        _keep(finding)
    ends = ", ".join(f"{end} {number}" for end, number in report.ends.most_common())
    print(f"seed {seed}: {report.tried} pictures, {len(report.findings)} findings ({ends})")
    return 1 if report.findings else 0


def _keep(finding: Finding) -> None:
    FINDINGS.mkdir(exist_ok=True)
    path = FINDINGS / hashlib.sha256(finding.data).hexdigest()[:16]
    path.write_bytes(finding.data)
    print(f"{finding.what}: {path}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz",
        description=fuzz.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seconds", type=float, default=60.0, help="how long (default: 60)")
    parser.add_argument("--seed", type=int, help="which pictures (default: others each time)")
    parser.add_argument("--here", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
