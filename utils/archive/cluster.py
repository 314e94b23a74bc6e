"""The photos on a cluster of Dask's: the same function, in processes that somebody else started."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from utils.archive.order import Order
from utils.archive.photos import Outcome, Photo
from utils.errors import OutputError, SemblanceError, SettingsError

if TYPE_CHECKING:
    from distributed import Client

# Out at the same time, for each thread that works: one in work, the others on their way.
_PER_THREAD = 4
_LOOK_EVERY = 16
_CONNECT_S = 15


def outcomes(photos: Iterator[Photo], order: Order, address: str) -> Generator[Outcome]:
    """What came of every photo, as they get done.

    Raises `SettingsError` without Dask or a cluster at `address`, `ModelError`, `OutputError`.
    """
    try:
        from distributed import Client
    except ImportError:
        raise SettingsError(
            "--cluster needs Dask: pip install 'semblance[cluster]' (or distributed)."
        ) from None
    try:
        client = Client(address, timeout=_CONNECT_S, set_as_default=False)
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"--cluster {address}: no Dask scheduler answers there ({type(error).__name__})."
        ) from None
    with client:
        yield from _shared_out(photos, order, client)


def _shared_out(photos: Iterator[Photo], order: Order, client: Client) -> Iterator[Outcome]:
    from distributed import as_completed

    from utils.archive.analyst import look

    names: dict[str, str] = {}

    def submitted(some: int) -> list[Any]:
        futures = []
        for photo in islice(photos, some):
            future = client.submit(look, photo, order, pure=False)
            names[future.key] = photo.name
            futures.append(future)
        return futures

    running = as_completed(submitted(_most_out(client)))
    for done, future in enumerate(running, 1):
        yield _outcome_of(future, names.pop(future.key))
        # A cluster may grow and shrink on its way.
        missing = _most_out(client) - len(names) if done % _LOOK_EVERY == 0 else 1
        for more in submitted(max(0, missing)):
            running.add(more)


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
        return Outcome.of_error(name, SemblanceError())
    raise OutputError(
        f"--cluster: a worker failed ({type(error).__name__}); has it this version of semblance?"
    )
