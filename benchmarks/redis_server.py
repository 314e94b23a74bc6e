"""A redis-server of our own on a unix socket, for benchmarks and tests."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Self

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

NEEDED = "needs a redis-server: apt-get install redis-server"


def is_installed() -> bool:
    """Whether there is a server that can be started."""
    return shutil.which("redis-server") is not None


class RedisServer:
    """A server with an append-only file in a folder of its own; as a context it runs.

    `options` are lines of redis.conf, such as {"maxmemory": "4mb"}.
    """

    def __init__(self, **options: str) -> None:
        # A unix socket's path may have 107 bytes: the folders of tests are too deep for it.
        self._folder = tempfile.TemporaryDirectory(prefix="redis-", ignore_cleanup_errors=True)
        self.socket = Path(self._folder.name) / "redis.sock"
        self.url = f"unix://{self.socket}"
        self.options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "dir": self._folder.name,
            "appendonly": "yes",
            "save": "",
            "maxmemory-policy": "noeviction",
            **{name.replace("_", "-"): value for name, value in options.items()},
        }
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def folder(self) -> Path:
        """Where its files are."""
        return Path(self._folder.name)

    def start(self) -> None:
        """Start it and wait until it has read its files."""
        arguments = [part for name, value in self.options.items() for part in (f"--{name}", value)]
        self.process = subprocess.Popen(  # noqa: S603 - our own command
            ["redis-server", *arguments],  # noqa: S607 - the one that PATH names
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        while self.process.poll() is None:
            with self.client() as client:
                try:
                    client.ping()
                except (redis.AuthenticationError, redis.ResponseError):
                    return
                except redis.ConnectionError:
                    time.sleep(0.01)
                else:
                    return
        raise RuntimeError(f"redis-server ended with {self.process.returncode}")

    def client(self, *, password: str | None = None) -> redis.Redis:
        """A plain client, which tries nothing twice."""
        retry = Retry(NoBackoff(), 0)
        return redis.Redis(unix_socket_path=str(self.socket), password=password, retry=retry)

    def kill(self) -> None:
        """End it as a crash would, and the process in which it may be writing its file anew."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def close(self) -> None:
        """End it and remove its files."""
        self.kill()
        self._folder.cleanup()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
