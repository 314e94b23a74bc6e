"""The photos on a cluster of Dask's: the same function, in processes that somebody else started."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any

from utils.archive.order import Order
from utils.archive.photos import UNKNOWN, Outcome, Photo
from utils.errors import OutputError, SemblanceError, SettingsError

if TYPE_CHECKING:
    from distributed import Client

# Out at the same time, for each thread that works: one in work, the others on their way.
_PER_THREAD = 4
_LOOK_EVERY_S = 2.0
_CONNECT_S = 15
_ADDRESS = re.compile(r"((tcp|tls|ws|wss|ucx)://)?[^/\s]+:\d{1,5}")


def outcomes(photos: Iterator[Photo | None], order: Order, address: str) -> Generator[Outcome]:
    """What came of every photo, as they get done; None among them: more are still to come.

    Raises `SettingsError` without Dask or a cluster at `address`, `ModelError`, `OutputError`.
    """
    try:
        from distributed import Client
    except ImportError:
        raise SettingsError(
            "--cluster needs Dask: pip install 'semblance[cluster]' (or distributed)."
        ) from None
    if not _ADDRESS.fullmatch(address):
        raise SettingsError("--cluster must be like tcp://HOST:PORT.")
    try:
        client = Client(address, timeout=_CONNECT_S, set_as_default=False)
    except OSError as error:
        raise SettingsError(
            f"--cluster {address}: no Dask scheduler answers there ({type(error).__name__})."
        ) from None
    with client:
        yield from _shared_out(photos, order, client)


def _shared_out(photos: Iterator[Photo | None], order: Order, client: Client) -> Generator[Outcome]:
    from distributed import as_completed

    from utils.archive.analyst import look

    names: dict[str, str] = {}
    running = as_completed(loop=client.loop)
    is_over = False
    most_out, asked_at = 0, -math.inf
    while not is_over or names:
        is_waiting = False
        # A cluster may grow and shrink on its way.
        if time.monotonic() - asked_at > _LOOK_EVERY_S:
            most_out, asked_at = _most_out(client), time.monotonic()
        while len(names) < most_out and not is_over:
            try:
                photo = next(photos)
            except StopIteration:
                is_over = True
                break
            is_waiting = photo is None
            if photo is None:
                break
            future = client.submit(look, photo, order, pure=False)
            names[future.key] = photo.name
            running.add(future)
        if names:
            # Whoever waits for names has waited in `next` already.
            for future in running.next_batch(block=is_over or not is_waiting):
                yield _outcome_of(future, names.pop(future.key))


def _most_out(client: Client) -> int:
    threads: int = sum(client.nthreads().values())
    return _PER_THREAD * max(1, threads)


def _outcome_of(future: Any, name: str) -> Outcome:
    error = future.exception()
    if error is None:
        outcome: Outcome = future.result()
        return outcome
    if isinstance(error, SemblanceError):
        raise error
    if type(error).__name__ == "KilledWorker":
        # It has ended several processes, as the cluster's own settings allow.
        return Outcome.of_error(name, UNKNOWN)
    raise OutputError(
        f"--cluster: a worker failed ({type(error).__name__}); has it this version of semblance?"
    )
