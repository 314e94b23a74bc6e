"""Opens what SEMBLANCE_QUEUE names: the work queue and the inbox beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs

from bot.work_queue.database import Database
from bot.work_queue.inbox import SqliteInbox
from bot.work_queue.lock import FileLock, Locked
from bot.work_queue.protocol import Inbox, JobQueue, Limits, QueueBroken
from bot.work_queue.sqlite import SqliteQueue
from utils.errors import SettingsError
from utils.settings import ROOT, Settings


class SecondStart(QueueBroken):
    """Another process works on the same queue."""


@dataclass(frozen=True)
class Store:
    """An open queue and inbox; `close` leaves nothing deleted on the disk."""

    queue: JobQueue
    inbox: Inbox
    close: Callable[[], None]


def open_store(settings: Settings) -> Store:
    """The queue that the settings name, for this process alone.

    Raises `SettingsError`, `SecondStart`, `QueueBroken` or `QueueUnavailable`.
    """
    path, synchronous = sqlite_path(settings.queue)
    lock = FileLock(path.with_name(path.name + ".lock"))
    try:
        lock.acquire()
    except Locked:
        raise SecondStart(
            "Another Semblance bot already works on this queue file: "
            "stop it first, or set SEMBLANCE_QUEUE to another file."
        ) from None
    except OSError as error:
        raise QueueBroken(
            f"The folder of SEMBLANCE_QUEUE cannot be written: {error.strerror}."
        ) from None
    try:
        database = Database(path, synchronous=synchronous)
    except BaseException:
        lock.release()
        raise

    def close() -> None:
        database.close()
        lock.release()

    limits = Limits(
        total=settings.queue_max,
        per_user=settings.queue_per_user,
        max_age_s=settings.job_max_age_s,
        dead_ttl_s=settings.dead_ttl_s,
    )
    return Store(SqliteQueue(database, limits), SqliteInbox(database), close)


def sqlite_path(url: str) -> tuple[Path, str]:
    """The file and the `synchronous` mode of a sqlite:/// URL. Raises `SettingsError`."""
    if not url.startswith("sqlite:///"):
        raise SettingsError("SEMBLANCE_QUEUE must be sqlite:///PATH: Redis is not supported yet.")
    path, _, query = url.removeprefix("sqlite:///").partition("?")
    options = parse_qs(query, keep_blank_values=True)
    synchronous = options.pop("synchronous", ["full"])[-1].lower()
    if options or synchronous not in ("full", "normal"):
        raise SettingsError(
            "SEMBLANCE_QUEUE knows only one option: ?synchronous=full or ?synchronous=normal."
        )
    return ROOT / path, synchronous
