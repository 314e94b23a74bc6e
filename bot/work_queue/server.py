"""A Redis or Valkey server as the place of a queue: its scripts, its errors translated."""

from __future__ import annotations

import contextlib
import logging
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from bot.work_queue.protocol import QueueUnavailable
from utils.errors import SettingsError

log = logging.getLogger(__name__)

Clock = Callable[[], float]

# Since then a script may ask for the time and write afterwards.
_OLDEST = (5, 0)
# The layout of the keys; a server that holds a newer one is left alone.
_LAYOUT = 1
_TIMEOUT_S = 3.0
_CONNECTIONS = 32
_OPTIONS = {"db", "ssl_ca_certs", "ssl_certfile", "ssl_keyfile"}


class QueueServer:
    """One server, shared by threads, that keeps the keys of one bot.

    `bot_id` keeps bots apart that share a server. With `clock` times are that clock's; without, the
    server's own, which is what bots on several machines agree on. Raises `SettingsError` where
    `url` cannot be one.
    """

    def __init__(self, url: str, *, bot_id: str, clock: Clock | None = None) -> None:
        self._prefix, self._given_clock = f"semblance:{bot_id}", clock
        self.clock = clock or time.time
        self._client = redis.Redis.from_pool(
            redis.BlockingConnectionPool.from_url(
                checked(url),
                max_connections=_CONNECTIONS,
                timeout=_TIMEOUT_S,
                socket_timeout=_TIMEOUT_S,
                socket_connect_timeout=_TIMEOUT_S,
                protocol=2,
                # A connection may have died while it was idle.
                retry=Retry(NoBackoff(), 1, (redis.ConnectionError,)),
            )
        )
        self._appends_only = False

    def script(self, *names: str) -> Callable[..., Any]:
        """What calls a command of these .lua files: (command, *arguments) -> its answer.

        The call raises `QueueUnavailable`.
        """
        folder = Path(__file__).parent
        parts = [f"{name}.lua" for name in ("head", *names, "answer")]
        texts = [(folder / part).read_text("utf-8") for part in parts]
        script = self._client.register_script("".join(texts))

        def run(command: str, *arguments: str | bytes | float) -> Any:
            now: float | str = "" if self._given_clock is None else self._given_clock()
            with translated():
                return script(keys=[self._prefix], args=[now, command, *arguments])

        return run

    def check(self) -> None:
        """Refuse a server that cannot keep what it is given.

        Raises `SettingsError` where the operator has to change something, `QueueUnavailable` where
        it may pass.
        """
        try:
            with translated():
                self._check()
        except LoginRefused as error:
            raise SettingsError(str(error)) from None
        except QueueUnavailable as error:
            raise QueueUnavailable(f"SEMBLANCE_QUEUE cannot be used: {error}.") from None

    def _check(self) -> None:
        facts = self._client.info()
        if (reason := unfit(facts)) is not None:
            raise SettingsError(f"The server of SEMBLANCE_QUEUE {reason}.")
        layout = self._client.get(f"{self._prefix}:layout")
        if layout is None:
            self._client.set(f"{self._prefix}:layout", _LAYOUT)
        elif int(layout) > _LAYOUT:
            raise SettingsError(
                "The queue of SEMBLANCE_QUEUE was written by a newer version of Semblance: "
                "update Semblance, or name another database."
            )
        self._appends_only = bool(facts.get("aof_enabled"))
        if not self._appends_only:
            log.warning(
                "the queue server keeps no append-only file: what waits is lost when it dies; "
                "set appendonly yes"
            )

    def rewrite(self) -> None:
        """Have the append-only file written anew, without what was deleted, if there is one."""
        if self._appends_only:
            # Under way already, or not allowed by who runs the server: then it is theirs to do.
            with translated(), contextlib.suppress(redis.ResponseError):
                self._client.bgrewriteaof()

    def close(self) -> None:
        """Close all connections."""
        self._client.close()


def checked(url: str) -> str:
    """The URL, unless it could mean something else than it seems. Raises `SettingsError`."""
    try:
        parts = urlsplit(url)
        if parts.scheme == "unix":
            fits = bool(parts.path) and not parts.hostname
        else:
            fits = bool(parts.hostname) and re.fullmatch(r"/?\d{0,4}", parts.path) is not None
            fits = fits and parts.port != 0
        fits = fits and not parts.fragment and set(parse_qs(parts.query)) <= _OPTIONS
    except ValueError:
        fits = False
    if not fits:
        raise SettingsError(
            "SEMBLANCE_QUEUE must be redis://USER:PASSWORD@HOST:PORT/DB (rediss:// for TLS) or "
            "unix:///SOCKET?db=DB; in a password write / as %2F, @ as %40, # as %23, ? as %3F."
        )
    return url


class LoginRefused(QueueUnavailable):
    """The server does not accept the user or password, or does not let the user do this."""


def unfit(facts: dict[str, Any]) -> str | None:
    """Why a server of which INFO says this cannot keep a queue, to follow its name; or None."""
    version = str(facts["redis_version"])
    if tuple(int(part) for part in version.split(".")[:2]) < _OLDEST:
        return f"is Redis {version}, which is too old: take 5.0 or newer, or Valkey"
    policy = facts.get("maxmemory_policy", "noeviction")
    if policy != "noeviction":
        return (
            f"may throw jobs away when its memory is full (maxmemory-policy {policy}): "
            "set maxmemory-policy noeviction"
        )
    if facts.get("cluster_enabled"):
        return "is part of a Redis Cluster, which is not supported: take a single server"
    return None


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """The client's errors as ours. Their words are left out: they may hold what was sent."""
    try:
        yield
    except (redis.AuthenticationError, redis.exceptions.NoPermissionError):
        raise LoginRefused(
            "The server of SEMBLANCE_QUEUE refuses the user or password, or what the user may do."
        ) from None
    except redis.BusyLoadingError:
        raise QueueUnavailable("the queue server is still reading its files") from None
    except redis.ConnectionError as error:
        raise QueueUnavailable(f"the queue server cannot be reached: {_cause(error)}") from None
    except redis.TimeoutError:
        raise QueueUnavailable("the queue server does not answer") from None
    except redis.RedisError as error:
        # Servers before 7 wrap what a script meets.
        if isinstance(error, redis.OutOfMemoryError) or "-OOM " in str(error):
            raise QueueUnavailable("the memory of the queue server is full") from None
        code = str(error).partition(" ")[0]
        code = code if code.isalpha() and code.isupper() else type(error).__name__
        raise QueueUnavailable(f"the queue server refuses: {code}") from None


def _cause(error: Exception) -> str:
    cause = error.__context__
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror
    return type(cause or error).__name__
