"""The queue between what brings updates and their handlers, made durable.

While it polls, the library confirms a batch of updates to Telegram only after every `put` of it
returned, so a `put` that commits first closes the gap in which a kill -9 would lose updates. What
`put` may raise matters: after a `TelegramError` the library asks for the same updates again; any
other exception would end polling for good while everything looks alive. A webhook is answered after
the `put` in the same way.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from telegram import Update
from telegram.error import TelegramError

from bot import request_ids
from bot.metrics import Metrics
from bot.receiver.reading import Pictures, Reader, Silence
from bot.work_queue import Accepted, Duplicate, Full, Inbox, JobQueue, QueueBroken, QueueUnavailable
from utils.jobs import Job

log = logging.getLogger(__name__)

# More unanswered messages than this and Telegram has to keep the next ones for a while.
_MAX_UNANSWERED = 500
# A chat that writes faster than it can be answered gets no hint for each line of it; otherwise it
# would use up the room of everybody else.
_MAX_UNANSWERED_IN_A_CHAT = 5


class NotStored(TelegramError):
    """The update could not be written down, so Telegram must keep it and send it again."""


@dataclass(frozen=True)
class Announcement:
    """Jobs that were just queued, each with its position: their status messages are due."""

    chat_id: int
    jobs: tuple[tuple[Job, int], ...]


class DurableUpdates(asyncio.Queue[object]):
    """An `update_queue` whose `put` returns once the update cannot be lost any more.

    Handlers get an `Announcement` for queued jobs and the `Update` itself for all else.
    """

    def __init__(
        self,
        queue: JobQueue,
        inbox: Inbox,
        reader: Callable[[], Reader],
        *,
        metrics: Metrics | None = None,
        clock: Callable[[], float] = time.time,
        max_unanswered: int = _MAX_UNANSWERED,
    ) -> None:
        super().__init__()
        self._jobs, self._inbox, self._reader, self._clock = queue, inbox, reader, clock
        self._metrics = metrics or Metrics()
        self._room = asyncio.Semaphore(max_unanswered)
        self._unanswered: Counter[int] = Counter()

    @property
    def has_room(self) -> bool:
        """Whether a `put` returns as soon as the update is stored."""
        return not self._room.locked()

    async def put(self, item: object) -> None:
        """Store an update, then pass on what is left to do; anything else just passes."""
        if not isinstance(item, Update):
            await super().put(item)
            return
        try:
            left = await asyncio.to_thread(self._store, item)
        except (QueueUnavailable, QueueBroken) as error:
            log.error("an update could not be stored, Telegram keeps it: %s", error)
            raise NotStored(str(error)) from None
        for piece in left:
            self._note(piece)
            await self._room.acquire()
            await super().put(piece)

    def task_done(self) -> None:
        """A piece was handled: there is room for one more."""
        self._room.release()
        super().task_done()

    def handled(self, item: object) -> None:
        """Handlers are through with an item, well or badly."""
        if isinstance(item, Update):
            chat_id = chat_id_of(item)
            self._unanswered[chat_id] -= 1
            if self._unanswered[chat_id] <= 0:
                del self._unanswered[chat_id]

    def _note(self, item: object) -> None:
        if isinstance(item, Update):
            self._unanswered[chat_id_of(item)] += 1

    def put_again(self, update: Update) -> None:
        """Pass on an update that another bot, or an earlier life of this one, left in the inbox."""
        self._note(update)
        super().put_nowait(update)

    def _store(self, update: Update) -> list[object]:
        reading = self._reader().read(update, now=self._clock())
        if isinstance(reading, Silence) or self._inbox.knows(update.update_id):
            return []
        if not isinstance(reading, Pictures):
            return [update] if self._keep(update) else []
        queued: list[tuple[Job, int]] = []
        refused = False
        for job in reading.jobs:
            result = self._put_job(job)
            if isinstance(result, Accepted):
                queued.append((job, result.position))
            elif isinstance(result, Full):
                refused = True
                break
        left: list[object] = []
        if queued:
            left.append(Announcement(queued[0][0].chat_id, tuple(queued)))
        if refused and self._keep(update):
            left.append(update)
        return left

    def _put_job(self, job: Job) -> Accepted | Duplicate | Full:
        result = self._jobs.put(job)
        if isinstance(result, Accepted):
            self._metrics.job_put(job.kind, "accepted")
            with request_ids.of(job):
                log.info("queued", extra={"facts": {"kind": job.kind, "ahead": result.position}})
        else:
            full = isinstance(result, Full)
            self._metrics.job_put(job.kind, "full" if full else "duplicate")
        return result

    def _keep(self, update: Update) -> bool:
        if self._unanswered[chat_id_of(update)] >= _MAX_UNANSWERED_IN_A_CHAT:
            return False
        return self._inbox.keep(update.update_id, update.to_json().encode())


def chat_id_of(item: object) -> int:
    """The chat that an update or an announcement belongs to; 0 where there is none."""
    if isinstance(item, Announcement):
        return item.chat_id
    chat = item.effective_chat if isinstance(item, Update) else None
    return chat.id if chat is not None else 0
