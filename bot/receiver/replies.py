"""What the bot says at once: status messages for queued jobs, sentences for all else."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence

import httpx
from telegram import (
    Bot,
    CallbackQuery,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    ReplyParameters,
    Update,
)
from telegram.error import BadRequest, ChatMigrated, NetworkError, RetryAfter, TelegramError
from telegram.ext import Application, CallbackContext, TypeHandler

from bot import request_ids, texts
from bot.receiver.authors import author_id
from bot.receiver.forgetting import Buttons, Forgetting
from bot.receiver.orders import Order, Orders
from bot.receiver.reading import Deletion, Pictures, Reader, Sentence, Tap
from bot.receiver.updates import Announcement, Refusal
from bot.work_queue import Inbox, JobQueue, QueueBroken, QueueUnavailable
from utils.jobs import Job

log = logging.getLogger(__name__)

_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_MAX_PAUSE_S = 60.0
_TAP_ANSWERS = {"foreign": texts.NOT_YOUR_BUTTON, "old": texts.OLD_BUTTON}


class Replies:
    """The handlers of the Telegram application."""

    def __init__(
        self,
        queue: JobQueue,
        inbox: Inbox,
        reader: Callable[[], Reader],
        *,
        orders: Orders,
        buttons: Buttons,
        forgetting: Forgetting,
        queue_changed: Callable[[], None],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._queue, self._inbox, self._reader = queue, inbox, reader
        self._orders, self._buttons, self._forgetting = orders, buttons, forgetting
        self._queue_changed, self._sleep = queue_changed, sleep

    def register(self, application: Application) -> None:  # type: ignore[type-arg]
        """Become the handlers of `application`."""
        application.add_handler(TypeHandler(Announcement, self.announce))
        application.add_handler(TypeHandler(Refusal, self.refuse))
        application.add_handler(TypeHandler(Update, self.answer))
        application.add_error_handler(self.apologise)

    async def announce(self, announcement: Announcement, context: CallbackContext) -> None:  # type: ignore[type-arg]
        """Post the status messages of new jobs; the dispatcher posts what fails here."""
        for job, position in announcement.jobs:
            with request_ids.of(job):
                try:
                    await self._announce(context.bot, job, position)
                except (TelegramError, QueueUnavailable, QueueBroken) as error:
                    log.warning("no status message yet: %s", type(error).__name__)

    async def _announce(self, bot: Bot, job: Job, position: int) -> None:
        if await asyncio.to_thread(self._queue.position, job.id) is None:
            # Claimed meanwhile: the dispatcher is posting the status message itself.
            return
        message = await bot.send_message(
            job.chat_id,
            texts.status(position),
            reply_parameters=_reply_to(job.reply_to),
            message_thread_id=job.message_thread_id,
        )
        counts = await asyncio.to_thread(self._queue.note_status, job.id, message.message_id)
        self._queue_changed()
        if counts != message.message_id:
            with contextlib.suppress(TelegramError):
                await bot.delete_message(job.chat_id, message.message_id)

    async def refuse(self, refusal: Refusal, context: CallbackContext) -> None:  # type: ignore[type-arg]
        """Say why an update is turned away, then forget it."""
        try:
            await self._say(context.bot, refusal.update, refusal.sentence)
        except TelegramError as error:
            _unanswered(refusal.update, error)
        await self._forget(refusal.update)

    async def answer(self, update: Update, context: CallbackContext) -> None:  # type: ignore[type-arg]
        """Answer an update that made no job, then forget it."""
        reader = self._reader()
        reading = reader.read(update, now=0.0)
        try:
            if isinstance(reading, Pictures):
                # It was refused by a bot that did not live to say so, and to say why.
                await self._say(context.bot, update, texts.FULL)
            elif isinstance(reading, Sentence):
                await self._say(context.bot, update, reading.text)
            elif isinstance(reading, Deletion):
                await self._ask(context.bot, update)
            elif isinstance(reading, Order):
                await self._obey(context.bot, update, reading, reader)
            elif isinstance(reading, Tap) and update.callback_query is not None:
                await self._tapped(context.bot, update.callback_query)
        except TelegramError as error:
            _unanswered(update, error)
        except (QueueUnavailable, QueueBroken) as error:
            log.error("update %d cannot be answered: %s", update.update_id, error)
            with contextlib.suppress(TelegramError):
                await self._say(context.bot, update, texts.OUR_FAULT)
        await self._forget(update)

    async def _ask(self, bot: Bot, update: Update) -> None:
        """Have somebody confirm that they want to be forgotten."""
        who = author_id(update)
        if who is not None:
            button = InlineKeyboardButton(
                texts.DELETE_BUTTON, callback_data=self._buttons.data(who)
            )
            await self._say(bot, update, texts.ASK_DELETE, InlineKeyboardMarkup([[button]]))

    async def _obey(self, bot: Bot, update: Update, order: Order, reader: Reader) -> None:
        unbannable = reader.admins | {reader.bot_id}
        text, cancelled = await asyncio.to_thread(self._orders.do, order, unbannable=unbannable)
        await self._say(bot, update, text)
        await self._end(bot, cancelled, texts.CANCELLED)

    async def _tapped(self, bot: Bot, query: CallbackQuery) -> None:
        """A button is good for whom it was made, and for some minutes."""
        who = query.from_user.id
        verdict = self._buttons.judge(query.data, who)
        if verdict != "good":
            await bot.answer_callback_query(query.id, text=_TAP_ANSWERS.get(verdict))
            return
        jobs, banned = await asyncio.to_thread(self._forgetting.forget, who)
        text = texts.DELETED_BUT_BANNED if banned else texts.DELETED
        with contextlib.suppress(TelegramError):
            await bot.answer_callback_query(query.id, text=text)
        if query.message is not None:
            chat_id = query.message.chat.id
            await bot.edit_message_text(text, chat_id, query.message.message_id)
        await self._end(bot, jobs, texts.CANCELLED)

    @staticmethod
    async def _end(bot: Bot, jobs: Sequence[Job], text: str) -> None:
        """Say in the status messages of jobs that nothing will come."""
        for job in jobs:
            if job.status_message_id is not None:
                with contextlib.suppress(TelegramError):
                    await bot.edit_message_text(text, job.chat_id, job.status_message_id)

    async def apologise(self, update: object, context: CallbackContext) -> None:  # type: ignore[type-arg]
        """A handler failed: log it, say so, and do not try it again at the next start."""
        log.error("a handler failed", exc_info=context.error)
        if isinstance(update, Update):
            with contextlib.suppress(TelegramError):
                await self._say(context.bot, update, texts.OUR_FAULT)
            await self._forget(update)

    async def _forget(self, update: Update) -> None:
        try:
            await asyncio.to_thread(self._inbox.done, update.update_id)
        except (QueueUnavailable, QueueBroken) as error:
            log.error("update %d is answered again at the next start: %s", update.update_id, error)
        self._queue_changed()

    async def _say(
        self, bot: Bot, update: Update, text: str, markup: InlineKeyboardMarkup | None = None
    ) -> None:
        """Reply to an update, however long Telegram takes to let it through.

        What may have arrived is not sent again. Raises `TelegramError`.
        """
        message = update.effective_message
        if message is None:
            return
        chat_id, pause_s = message.chat.id, 1.0
        while True:
            try:
                await bot.send_message(
                    chat_id,
                    text,
                    reply_parameters=_reply_to(message.message_id),
                    message_thread_id=message.message_thread_id
                    if message.is_topic_message
                    else None,
                    reply_markup=markup,
                )
            except ChatMigrated as error:
                chat_id = error.new_chat_id
            except RetryAfter as error:
                await self._sleep(_seconds(error))
            except NetworkError as error:
                if isinstance(error, BadRequest) or not isinstance(error.__cause__, _NEVER_SENT):
                    raise
                await self._sleep(pause_s)
                pause_s = min(_MAX_PAUSE_S, pause_s * 2)
            else:
                return


def _unanswered(update: Update, error: TelegramError) -> None:
    log.warning("update %d stays unanswered: %s", update.update_id, type(error).__name__)


def _reply_to(message_id: int) -> ReplyParameters:
    return ReplyParameters(message_id, allow_sending_without_reply=True)


def _seconds(error: RetryAfter) -> float:
    # An int without the setting in `bot/__init__.py`, a timedelta with it.
    after = error.retry_after
    return float(after) if isinstance(after, int) else after.total_seconds()
