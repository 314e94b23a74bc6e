"""The command line as its user starts it: a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from utils.settings import ROOT

COMMAND = (sys.executable, "-m", "utils")


def environment(**more: str) -> dict[str, str]:
    """This process's, without settings of the project's; `utils` is found from any folder."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("SEMBLANCE_", "TELEGRAM_"))}
    return kept | {"PYTHONPATH": str(ROOT), "COLUMNS": "100"} | more


def semblance(
    *arguments: str | bytes | Path, stdin: bytes = b"", cwd: Path = ROOT, **more: str
) -> subprocess.CompletedProcess[bytes]:
    """Run it to its end."""
    return subprocess.run(
        [*COMMAND, *arguments],
        input=stdin,
        capture_output=True,
        cwd=cwd,
        env=environment(**more),
        check=False,
        timeout=120,
    )


def results(text: bytes) -> dict[str, dict[str, Any]]:
    """JSON lines by photo; a photo that comes twice fails."""
    found: dict[str, dict[str, Any]] = {}
    for line in text.splitlines():
        result = json.loads(line)
        assert result["photo"] not in found
        found[result["photo"]] = result
    return found
