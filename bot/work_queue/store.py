"""Opens what SEMBLANCE_QUEUE names: the work queue and the inbox beside it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs

from bot.work_queue.database import Database
from bot.work_queue.inbox import SqliteInbox
from bot.work_queue.lock import FileLock, Locked
from bot.work_queue.people import SqlitePeople
from bot.work_queue.protocol import (
    Inbox,
    JobQueue,
    Limits,
    People,
    QueueBroken,
    QueueUnavailable,
)
from bot.work_queue.sqlite import SqliteQueue
from utils.errors import SettingsError
from utils.settings import ROOT, Settings


class SecondStart(QueueBroken):
    """Another process works on the same queue."""


@dataclass(frozen=True)
class Store:
    """An open queue with its inbox and people.

    `sole_owner`: this process is the only one that can work on them.
    """

    queue: JobQueue
    inbox: Inbox
    people: People
    close: Callable[[], None]
    sole_owner: bool


def open_store(settings: Settings) -> Store:
    """The queue that the settings name.

    Raises `SettingsError`, `SecondStart`, `QueueBroken` or `QueueUnavailable`.
    """
    limits = Limits(
        total=settings.queue_max,
        per_user=settings.queue_per_user,
        per_chat=settings.queue_per_chat,
        user_rate=settings.user_rate,
        chat_rate=settings.chat_rate,
        system_rate=settings.system_rate,
        user_bytes_per_hour=settings.user_bytes_per_hour,
        max_age_s=settings.job_max_age_s,
        dead_ttl_s=settings.dead_ttl_s,
    )
    if settings.queue.startswith("sqlite:"):
        return _open_file(settings.queue, limits)
    token = settings.telegram_token
    # The part of a token before the colon is the bot's id, which is no secret.
    bot_id = "0" if token is None else token.reveal().partition(":")[0]
    return _open_server(settings.queue, bot_id, limits)


def _open_file(url: str, limits: Limits) -> Store:
    path, synchronous = sqlite_path(url)
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

    return Store(
        SqliteQueue(database, limits),
        SqliteInbox(database),
        SqlitePeople(database),
        close,
        sole_owner=True,
    )


def _open_server(url: str, bot_id: str, limits: Limits) -> Store:
    # The client's library takes long to load, and most bots have a file.
    from bot.work_queue.redis import RedisQueue
    from bot.work_queue.redis_inbox import RedisInbox
    from bot.work_queue.redis_people import RedisPeople
    from bot.work_queue.server import QueueServer

    server = QueueServer(url, bot_id=bot_id)
    try:
        server.check()
    except BaseException:
        server.close()
        raise
    inbox = RedisInbox(server)

    def close() -> None:
        with contextlib.suppress(QueueUnavailable):
            inbox.leave()
        server.close()

    return Store(RedisQueue(server, limits), inbox, RedisPeople(server), close, sole_owner=False)


def sqlite_path(url: str) -> tuple[Path, str]:
    """The file and the `synchronous` mode of a sqlite:/// URL. Raises `SettingsError`."""
    path, _, query = url.removeprefix("sqlite:///").partition("?")
    options = parse_qs(query, keep_blank_values=True)
    synchronous = options.pop("synchronous", ["full"])[-1].lower()
    if options or synchronous not in ("full", "normal"):
        raise SettingsError(
            "SEMBLANCE_QUEUE knows only one option: ?synchronous=full or ?synchronous=normal."
        )
    return ROOT / path, synchronous
