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
from telegram.constants import ChatType
from telegram.error import TelegramError

from bot import request_ids, texts
from bot.metrics import Metrics
from bot.receiver.authors import author_id
from bot.receiver.chatter import Chatter
from bot.receiver.reading import Deletion, Pictures, Reader, Reading, Silence, Tap
from bot.work_queue import (
    Accepted,
    Duplicate,
    Full,
    Inbox,
    JobQueue,
    People,
    QueueBroken,
    QueueUnavailable,
    Reason,
    TurnedAway,
)
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


@dataclass(frozen=True)
class Refusal:
    """An update that is turned away, and what is said about it."""

    update: Update
    sentence: str


class DurableUpdates(asyncio.Queue[object]):
    """An `update_queue` whose `put` returns once the update cannot be lost any more.

    Handlers get an `Announcement` for queued jobs, a `Refusal`, and the `Update` itself for all
    else.
    """

    def __init__(
        self,
        queue: JobQueue,
        inbox: Inbox,
        people: People,
        reader: Callable[[], Reader],
        *,
        metrics: Metrics | None = None,
        chatter: Chatter | None = None,
        clock: Callable[[], float] = time.time,
        max_unanswered: int = _MAX_UNANSWERED,
    ) -> None:
        super().__init__()
        self._jobs, self._inbox, self._people = queue, inbox, people
        self._reader, self._clock = reader, clock
        self._chatter = chatter or Chatter()
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
        if isinstance(item, Update | Refusal):
            chat_id = chat_id_of(item)
            self._unanswered[chat_id] -= 1
            if self._unanswered[chat_id] <= 0:
                del self._unanswered[chat_id]

    def _note(self, item: object) -> None:
        if isinstance(item, Update | Refusal):
            self._unanswered[chat_id_of(item)] += 1

    def put_again(self, update: Update) -> None:
        """Pass on an update that another bot, or an earlier life of this one, left in the inbox."""
        self._note(update)
        super().put_nowait(update)

    def _store(self, update: Update) -> list[object]:
        reading = self._reader().read(update, now=self._clock())
        if isinstance(reading, Silence) or self._inbox.knows(update.update_id):
            return []
        if (away := self._turned_away(update, reading)) is not None:
            return self._turn_away(update, away)
        if not isinstance(reading, Pictures):
            return [update] if self._keep(update) else []
        queued: list[tuple[Job, int]] = []
        full: Full | None = None
        for job in reading.jobs:
            result = self._put_job(job, reading.n_bytes)
            if isinstance(result, Accepted):
                queued.append((job, result.position))
            elif isinstance(result, Full):
                full = result
                break
        left: list[object] = []
        if queued:
            left.append(Announcement(queued[0][0].chat_id, tuple(queued)))
        if full is not None:
            self._metrics.update_refused(full.reason)
            if full.tell and self._keep(update, always=True):
                self._note_refusal(update, full.reason, full.retry_in_s)
                left.append(Refusal(update, texts.refused(full.reason, full.retry_in_s)))
        return left

    def _turned_away(self, update: Update, reading: Reading) -> TurnedAway | None:
        """Whether a banned person wrote this; they too may ask to be forgotten."""
        who = author_id(update)
        if who is None or isinstance(reading, Deletion | Tap):
            return None
        chat = update.effective_chat
        private = chat is not None and chat.type == ChatType.PRIVATE
        return self._people.turn_away(who, telling=private)

    def _turn_away(self, update: Update, away: TurnedAway) -> list[object]:
        self._metrics.update_refused("banned")
        if not away.tell or not self._keep(update, always=True):
            return []
        self._note_refusal(update, "banned")
        return [Refusal(update, texts.BANNED)]

    def _put_job(self, job: Job, n_bytes: int) -> Accepted | Duplicate | Full:
        result = self._jobs.put(job, n_bytes=n_bytes)
        if isinstance(result, Accepted):
            self._metrics.job_put(job.kind, "accepted")
            with request_ids.of(job):
                log.info("queued", extra={"facts": {"kind": job.kind, "ahead": result.position}})
        else:
            full = isinstance(result, Full)
            self._metrics.job_put(job.kind, "full" if full else "duplicate")
        return result

    def _keep(self, update: Update, *, always: bool = False) -> bool:
        """Store an update to be answered, unless its chat asks for too many answers.

        What is said once a minute at most is said always.
        """
        chat_id = chat_id_of(update)
        if not always and (
            self._unanswered[chat_id] >= _MAX_UNANSWERED_IN_A_CHAT
            or not self._chatter.allows(chat_id)
        ):
            self._metrics.update_refused("rate_words")
            if self._chatter.is_news(chat_id):
                self._note_refusal(update, "rate_words")
            return False
        return self._inbox.keep(update.update_id, update.to_json().encode())

    @staticmethod
    def _note_refusal(update: Update, reason: Reason, retry_in_s: float = 0.0) -> None:
        """One line a chat and minute, however many updates it is about."""
        facts = {"reason": reason, "wait_s": round(retry_in_s)}
        log.info("refused", extra={"request_id": f"{update.update_id}-0", "facts": facts})


def chat_id_of(item: object) -> int:
    """The chat that an update or an announcement belongs to; 0 where there is none."""
    if isinstance(item, Announcement):
        return item.chat_id
    if isinstance(item, Refusal):
        item = item.update
    chat = item.effective_chat if isinstance(item, Update) else None
    return chat.id if chat is not None else 0
