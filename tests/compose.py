"""A project of docker-compose.yml on a real engine, with ports of its own."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time

from benchmarks.limits import NOBODY_IS_LIMITED
from tests.local_run import free_port
from utils.settings import ROOT

NEEDED = "needs a running Docker engine with the compose plugin"
_PATIENCE_S = 240.0


def has_engine() -> bool:
    """Whether a Docker engine with Compose answers here."""
    if shutil.which("docker") is None:
        return False
    asked = [["docker", "info"], ["docker", "compose", "version"]]
    return all(
        subprocess.run(argv, capture_output=True, check=False).returncode == 0 for argv in asked
    )


class Project:
    """Everything, with the playground in Telegram's place."""

    def __init__(self, name: str, **environ: str) -> None:
        self.name = name
        port, playground_port = free_port(), free_port()
        self.api_url = f"http://127.0.0.1:{port}"
        self.playground_url = f"http://127.0.0.1:{playground_port}"
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("SEMBLANCE", "TELEGRAM"))}
        self._environ = {
            **kept,
            "SEMBLANCE_SECRET": "a-secret-for-compose-tests",
            "SEMBLANCE_PORT": str(port),
            "SEMBLANCE_PLAYGROUND_PORT": str(playground_port),
            **NOBODY_IS_LIMITED,
            **environ,
        }

    def compose(self, *arguments: str) -> str:
        """What a command of Compose prints. Raises `RuntimeError` with its last words."""
        argv = ["docker", "compose", "--project-name", self.name, "--profile", "playground"]
        done = subprocess.run(
            [*argv, *arguments],
            cwd=ROOT,
            env=self._environ,
            capture_output=True,
            text=True,
            timeout=500,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"compose {' '.join(arguments)}: {done.stderr[-2000:]}")
        return done.stdout

    def down(self) -> None:
        """Remove all of it."""
        self.compose("down", "--volumes", "--timeout", "5")

    def replicas(self, service: str) -> list[str]:
        """The ids of the running containers of a service."""
        return self.compose("ps", "--quiet", "--status", "running", service).split()

    def scale(self, service: str, count: int) -> None:
        """Have so many replicas of a service, and wait until they all answer."""
        self.compose("up", "--detach", "--no-recreate", "--scale", f"{service}={count}")
        self.await_replicas(service, count)

    def await_replicas(self, service: str, count: int) -> None:
        """Wait until so many replicas answer. Raises `RuntimeError` after some minutes."""
        deadline = time.monotonic() + _PATIENCE_S
        while len(self._healthy(service)) != count:
            if time.monotonic() > deadline:
                raise RuntimeError(f"{service} does not come to {count} replicas")
            time.sleep(0.5)

    def _healthy(self, service: str) -> list[str]:
        form = '{{if eq .Health "healthy"}}{{.ID}}{{end}}'
        return self.compose("ps", "--format", form, service).split()


def crash(container: str) -> None:
    """SIGKILL of all that runs in a container, as the kernel would; Docker starts it again.

    `docker kill` would count as a stop that somebody wanted, after which it stays stopped.
    """
    argv = ["docker", "inspect", "--format", "{{.State.Pid}}", container]
    found = subprocess.run(argv, capture_output=True, text=True, check=True)
    try:
        os.kill(int(found.stdout), signal.SIGKILL)
    except (PermissionError, ProcessLookupError):
        # An engine on another machine, or one whose processes are not ours.
        subprocess.run(["docker", "kill", container], capture_output=True, check=True)
        subprocess.run(["docker", "start", container], capture_output=True, check=True)
