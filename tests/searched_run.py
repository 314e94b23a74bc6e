"""A whole run whose traffic is known to the byte, and all the places that it could write to."""

from __future__ import annotations

import contextlib
import itertools
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import redis
import requests

from benchmarks.picture_server import picture_server
from benchmarks.redis_server import RedisServer
from tests.conftest import encoded
from tests.fakes import Reply, Request, serving
from tests.local_run import LocalRun
from tests.service_processes import nginx_command
from tests.traces import Traces, files_below, open_files, temporary_files
from utils.images import decode
from utils.settings import ROOT

_PATIENCE_S = 90.0

Place = tuple[str, bytes]


class Sent:
    """What strangers send: each picture another one with the same face, each word another one.

    `everything` knows all of it, `pictures` no words, for where jobs may wait; `names` are what the
    playground calls people, which other runs on this machine do as well.
    """

    def __init__(self, astronaut: np.ndarray) -> None:
        self._face = astronaut[0:256, 100:356].astype(int)
        self._noise = np.random.default_rng()
        self.everything, self.pictures, self.names = Traces(), Traces(), Traces()
        self.count = 0

    def picture(self) -> bytes:
        noisy = self._face + self._noise.normal(0, 12, self._face.shape)
        # A JPEG is decoded within the worker, a PNG by a process of its own.
        form = "PNG" if self.count % 3 == 0 else "JPEG"
        data = encoded(noisy.clip(0, 255).astype(np.uint8), form, quality=85)
        self.look_for(f"picture {self.count}", data)
        rgb = decode(data, max_bytes=1 << 20, max_pixels=1 << 20)
        self.look_for(f"pixels {self.count}", rgb.tobytes())
        self.count += 1
        return data

    def look_for(self, what: str, data: bytes) -> bytes:
        self.pictures.add_bytes(what, data)
        return self.everything.add_bytes(what, data)

    def word(self, what: str) -> str:
        return self.everything.add_word(what, f"{what}{secrets.token_hex(8)}")


class Site:
    """A whole run; jobs reach its nginx while `gate` is set, and wait otherwise."""

    def __init__(self, folder: Path, sent: Sent, server: RedisServer | None) -> None:
        self.folder, self.sent, self.server = folder, sent, server
        self.gate = threading.Event()
        self.began = time.time()
        self.linked = {f"/{sent.word('path')}.jpg": sent.picture() for _ in range(20)}
        self.stranger = ""
        self.run: LocalRun

    def pass_on(self, request: Request) -> Reply:
        """A job on its way from the bot to nginx."""
        if not self.gate.is_set():
            return Reply(drop=True)
        kept = {
            k: v for k, v in request.headers.items() if k.lower().startswith(("x-", "content-type"))
        }
        answer = requests.post(
            f"{self.run.api_url}{request.path}", data=request.body, headers=kept, timeout=60
        )
        return Reply(answer.status_code, answer.content)

    def processes(self) -> list[psutil.Process]:
        """All but the playground."""
        launcher = psutil.Process(self.run.process.pid)
        known = {process.pid for process in self.run.processes("-m playground")}
        return [
            each for each in (launcher, *launcher.children(recursive=True)) if each.pid not in known
        ]

    def queue(self) -> Iterator[Place]:
        """Where jobs wait."""
        if self.server is None:
            yield from ((str(p), p.read_bytes()) for p in self.folder.glob("queue.db*"))
            return
        with contextlib.closing(self.server.client()) as client:
            for key in client.scan_iter():
                kind = client.type(key)
                read: dict[bytes, Callable[[], Any]] = {
                    b"hash": lambda key=key: client.hgetall(key),
                    b"zset": lambda key=key: client.zrange(key, 0, -1),
                    b"string": lambda key=key: client.get(key),
                }
                # None where it went meanwhile.
                value = read[kind]() if kind != b"none" else None
                yield f"redis {key!r}", key + b"\n" + _flat(value)

    def own(self) -> Iterator[Place]:
        """All that the run writes, where that is known."""
        yield from self.queue()
        if self.server is not None:
            yield from files_below(self.server.folder)
        yield from files_below(self.folder)
        yield from open_files(self.processes())

    def found(self) -> list[str]:
        """What there is of everything, and of names, wherever anything could be written."""
        machine = itertools.chain(files_below(ROOT / "var"), temporary_files(self.began))
        everything = self.sent.everything.found_among(itertools.chain(self.own(), machine))
        return everything + self.sent.names.found_among(self.own())

    def forget(self) -> None:
        """Have a server's append-only file written anew now; the bot does it once an hour."""
        if self.server is not None:
            with contextlib.closing(self.server.client()) as client:
                # The bot may just be having it done.
                eventually(lambda: _begins_a_rewrite(client), "an older one to be done")
                eventually(lambda: not _rewrites(client.info("persistence")), "a new file")


def _flat(value: Any) -> bytes:
    if isinstance(value, dict):
        return _flat(list(itertools.chain.from_iterable(value.items())))
    return b"\n".join(value) if isinstance(value, list) else bytes(value or b"")


def _begins_a_rewrite(client: redis.Redis) -> bool:
    with contextlib.suppress(redis.ResponseError):
        return bool(client.bgrewriteaof())
    return False


def _rewrites(about: dict[str, Any]) -> bool:
    return bool(about["aof_rewrite_in_progress"] or about["aof_rewrite_scheduled"])


def eventually(check: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not check():
        assert time.monotonic() < deadline, f"still waiting for {what}"
        time.sleep(0.1)


@contextlib.contextmanager
def site_of(folder: Path, sent: Sent, kind: str, **environ: str) -> Iterator[Site]:
    nginx_command()
    with contextlib.ExitStack() as stack:
        # Compressed a word would not be found.
        server = stack.enter_context(RedisServer(rdbcompression="no")) if kind == "redis" else None
        site = Site(folder, sent, server)
        site.stranger = stack.enter_context(picture_server(sent.picture(), site.linked))
        gate = stack.enter_context(serving(site.pass_on))
        site.run = LocalRun(
            folder,
            SEMBLANCE_PROXY_URL=gate.url,
            SEMBLANCE_URL_ALLOW=site.stranger.removeprefix("http://"),
            **({"SEMBLANCE_QUEUE": server.url} if server else {}),
            **environ,
        )
        stack.enter_context(site.run)
        yield site
