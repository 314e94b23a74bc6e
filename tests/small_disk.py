"""A file system that is soon full."""

from __future__ import annotations

import contextlib
import subprocess
from pathlib import Path

NEEDED = "may not mount a file system here"


class SmallDisk:
    """A tmpfs on `folder`. Raises `OSError` where nothing may be mounted."""

    def __init__(self, folder: Path, *, megabytes: int = 1) -> None:
        self.folder = folder
        options = f"size={megabytes}m,mode=0700"
        argv = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
        try:
            done = subprocess.run(argv, capture_output=True, check=False).returncode == 0
        except FileNotFoundError:
            done = False
        if not done:
            raise OSError(NEEDED)

    def fill(self) -> None:
        """Leave no byte."""
        with contextlib.suppress(OSError), (self.folder / "ballast").open("ab", 0) as ballast:
            for size in (1 << 16, 4096, 1):
                with contextlib.suppress(OSError):
                    while True:
                        ballast.write(b"x" * size)

    def free(self) -> None:
        """There is room again."""
        (self.folder / "ballast").unlink(missing_ok=True)

    def close(self) -> None:
        """Take it away, whoever still holds a file on it."""
        subprocess.run(["umount", "--lazy", str(self.folder)], check=True)
